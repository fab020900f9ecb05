import { describe, expect, test } from 'vitest';
import type { Manifest } from '../../../server/core/manifest.ts';
import { calicoPendingRules } from '../../../server/policy/dataplanes/calico.ts';
import { calicoCluster } from '../../support/calico-cluster.ts';
import { admin, calico, decided, kubernetes, SHOP, tier } from '../../support/calico-tiers.ts';

const allow = { ingress: [{ action: 'Allow' }] };
const deny = { ingress: [{ action: 'Deny' }] };
const pass = { ingress: [{ action: 'Pass' }] };
const none = { ingress: [{ action: 'Deny', protocol: 'UDP' }] };

describe('tiers', () => {
  const [first, second] = [tier('first', { order: 1 }), tier('second', { order: 2 })];
  test.each<readonly [string, readonly Manifest[], string]>([
    ['no policy: the profile allows', [], 'allow no-policy'],
    [
      'the tier of the lower order decides, whatever its name',
      [
        tier('zz', { order: 1 }),
        second,
        calico('a', { tier: 'second', ...allow }),
        calico('b', { tier: 'zz', ...deny }),
      ],
      'deny rule-deny zz',
    ],
    [
      'equal orders: by name',
      [
        tier('b', { order: 1 }),
        tier('a', { order: 1 }),
        calico('x', { tier: 'b', ...allow }),
        calico('y', { tier: 'a', ...deny }),
      ],
      'deny rule-deny a',
    ],
    [
      'a tier without order comes after default',
      [tier('late', {}), calico('x', { tier: 'late', ...deny }), calico('y', allow)],
      'allow rule-allow default',
    ],
    [
      'a tier that nobody made comes last',
      [
        tier('late', {}),
        calico('x', { tier: 'a-missing', ...deny }),
        calico('y', { tier: 'late', ...allow }),
      ],
      'allow rule-allow late',
    ],
    [
      'the end of a tier denies',
      [first, calico('x', { tier: 'first', ...none }), calico('y', allow)],
      'deny tier-default-deny first',
    ],
    [
      'the end of a tier passes on where the tier says so',
      [
        tier('first', { order: 1, defaultAction: 'Pass' }),
        calico('x', { tier: 'first', ...none }),
        calico('y', allow),
      ],
      'allow rule-allow default',
    ],
    [
      'a tier in which nothing selects the pod is passed over',
      [first, calico('x', { tier: 'first', selector: "app == 'web'", ...none })],
      'allow no-policy',
    ],
    ['Pass in the last tier leads to the profile', [calico('x', pass)], 'allow profile-allow'],
    [
      'Pass leaves the tier, later policies in it too',
      [
        first,
        calico('x', { tier: 'first', order: 1, ...pass }),
        calico('y', { tier: 'first', order: 2, ...deny }),
      ],
      'allow profile-allow',
    ],
    [
      'Pass in default leads to baseline',
      [calico('x', pass), admin('Baseline', 'b', 1, 'Deny')],
      'deny rule-deny kube-baseline',
    ],
    [
      'a default that selects ends before baseline',
      [calico('x', none), admin('Baseline', 'b', 1, 'Accept')],
      'deny default-deny default',
    ],
    [
      'admin policies come before default',
      [calico('x', allow), admin('Admin', 'a', 1, 'Deny')],
      'deny rule-deny kube-admin',
    ],
    [
      'and after a tier of lower order',
      [first, calico('x', { tier: 'first', ...allow }), admin('Admin', 'a', 1, 'Deny')],
      'allow rule-allow first',
    ],
    [
      'admin policies of equal priority: by name',
      [admin('Admin', 'b', 1, 'Accept'), admin('Admin', 'a', 1, 'Deny')],
      'deny rule-deny kube-admin',
    ],
    ['admin policies isolate nothing', [admin('Admin', 'b', 1, 'Pass')], 'allow profile-allow'],
    [
      'Log decides nothing, and selects all the same',
      [calico('x', { ingress: [{ action: 'Log' }] })],
      'deny default-deny default',
    ],
    [
      'a Calico policy of order 999 precedes Kubernetes',
      [kubernetes('a', [{}]), calico('x', { order: 999, ...deny })],
      'deny rule-deny default',
    ],
    [
      'one of order 1001 follows it',
      [kubernetes('a', [{}]), calico('x', { order: 1001, ...deny })],
      'allow rule-allow default',
    ],
    [
      'one of order 1000 is placed by its name',
      [kubernetes('b', [{}]), calico('a', { order: 1000, ...deny })],
      'deny rule-deny default',
    ],
    [
      'and behind, likewise',
      [kubernetes('a', [{}]), calico('b', { order: 1000, ...deny })],
      'allow rule-allow default',
    ],
    [
      'Kubernetes policies add up',
      [kubernetes('a', []), kubernetes('b', [{}])],
      'allow rule-allow default',
    ],
    [
      'Calico after Kubernetes admits what it does not',
      [kubernetes('a', []), calico('x', { order: 2000, ...allow })],
      'allow rule-allow default',
    ],
    [
      'a staged policy does not count',
      [calico('x', deny, 'StagedGlobalNetworkPolicy')],
      'allow no-policy',
    ],
  ])('%s', (_, policies, expected) => {
    expect(decided(policies)).toBe(expected);
  });
});

test('pending counts staged policies, but for those that stand for a deletion', () => {
  const pendingOf = (spec: object): string | undefined => {
    const staged = calico('x', spec, 'StagedNetworkPolicy');
    const { ask } = calicoCluster(SHOP, [staged], calicoPendingRules);
    return ask({ src: 'shop/web', dst: 'shop/db', port: 5432 }).ingress?.verdict;
  };
  expect(pendingOf(deny)).toBe('deny');
  expect(pendingOf({ ...deny, stagedAction: 'Learn' })).toBe('deny');
  expect(pendingOf({ selector: '', stagedAction: 'Delete' })).toBe('allow');
});
