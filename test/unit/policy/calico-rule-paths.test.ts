import { expect, test } from 'vitest';
import { pathText, type Manifest } from '../../../server/core/manifest.ts';
import { convertedRules } from '../../../server/policy/dataplanes/calico-rule-paths.ts';
import { networkPolicy } from '../../support/objects.ts';

const paths = (manifest: Manifest, way: 'ingress' | 'egress', kind = manifest.kind) =>
  convertedRules({ kind }, manifest, way)?.map(({ path }) => pathText(path));

test('of a policy of Kubernetes, Calico makes a rule for each protocol and peer', () => {
  const pod = (app: string) => ({ podSelector: { matchLabels: { app } } });
  const policy = networkPolicy('web', {
    ingress: [
      // Two protocols, the one that is not written being TCP, for two peers each.
      {
        from: [pod('a'), pod('b')],
        ports: [{ protocol: 'UDP', port: 53 }, { port: 53 }, { protocol: 'TCP', port: 80 }],
      },
      {},
      { from: [pod('c')] },
    ],
    egress: [{ to: [], ports: [{ protocol: 'SCTP' }] }],
  });
  expect(paths(policy, 'ingress')).toEqual([
    ...Array.from({ length: 4 }, () => 'spec.ingress[0]'),
    'spec.ingress[1]',
    'spec.ingress[2]',
  ]);
  expect(paths(policy, 'egress')).toEqual(['spec.egress[0]']);
});

test("rules of Calico's own policies keep their places, Log rules too", () => {
  const policy: Manifest = {
    apiVersion: 'projectcalico.org/v3',
    kind: 'GlobalNetworkPolicy',
    metadata: { name: 'default.x' },
    spec: { ingress: [{ action: 'Log' }, { action: 'Deny' }] },
  };
  expect(paths(policy, 'ingress')).toEqual(['spec.ingress[0]', 'spec.ingress[1]']);
  expect(paths(policy, 'egress')).toEqual([]);
});

test('what Calico makes of an admin policy with several peers is not documented, so no rule is told', () => {
  const rule = (peers: number) => ({ from: Array.from({ length: peers }, () => ({})) });
  const told = (...ingress: readonly object[]) =>
    paths(networkPolicy('x', { ingress }), 'ingress', 'ClusterNetworkPolicy');
  expect(told(rule(1), rule(2))).toBeUndefined();
  expect(told(rule(1), rule(1))).toEqual(['spec.ingress[0]', 'spec.ingress[1]']);
});
