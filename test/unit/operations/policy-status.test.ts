import { expect, test } from 'vitest';
import { assess } from '../../../server/core/completeness.ts';
import { nanos, type EpochNanos } from '../../../server/core/time.ts';
import type { PolicyObject } from '../../../server/operations/policies/policy-objects.ts';
import { statusOf, type StatusFacts } from '../../../server/operations/policies/policy-status.ts';
import { compilePolicies } from '../../../server/policy/policy-set.ts';
import { DIALECTS } from '../../../server/policy/registry.ts';
import { networkPolicy, seen } from '../../support/objects.ts';

const DAY = 86_400_000_000_000n;
const NOW = 20_000n * DAY;
const daysAgo = (days: number): EpochNanos => nanos(NOW - BigInt(days) * DAY);
const window = { from: daysAgo(90), to: nanos(NOW) };

function policyOf(manifest = networkPolicy('legacy', { ingress: [{}] })): PolicyObject {
  const { policies, refused } = compilePolicies([manifest], Object.values(DIALECTS));
  return {
    version: {
      ...{ ...seen(manifest), source: 'told', how: 'watched' },
      ...{ from: daysAgo(200), until: undefined },
    },
    ref: { kind: manifest.kind, namespace: 'shop', name: manifest.metadata.name, tier: '' },
    ...{ compiled: policies, faults: refused.flatMap(({ faults }) => faults) },
  };
}

const watched = (from: EpochNanos) =>
  assess(
    {
      spans: (['expected', 'watched'] as const).map((kind) => ({
        ...{ origin: 'relay', node: '', kind, value: 0n },
        ...{ from, to: window.to },
      })),
      gaps: [],
      unwatched: [],
    },
    window,
    { now: window.to },
  );

const unused: StatusFacts = {
  ...{ policy: policyOf(), dataplane: 'calico', window, lastHit: undefined },
  evaluated: { lastHit: undefined, since: nanos(0n), hasOpen: false },
  facts: { since: daysAgo(200), isEdit: true },
  completeness: watched(daysAgo(100)),
  lookedFrom: window.from,
  toldSince: daysAgo(100),
};

test('unused needs a whole window that was watched, without an edit and without a hit', () => {
  expect(statusOf(unused).kind).toBe('unused');
});

test.each<[string, Partial<StatusFacts>, RegExp]>([
  ['sources that were watched for a part of it', { completeness: watched(daysAgo(30)) }, /watched/],
  ['policies that nobody told then', { toldSince: daysAgo(30) }, /edits are not known/],
  ['an edit', { facts: { since: daysAgo(30), isEdit: true } }, /it was edited/],
  ['a policy that is young', { facts: { since: daysAgo(30), isEdit: false } }, /known only since/],
  ['hits not yet looked through', { lookedFrom: daysAgo(60) }, /still being looked through/],
  [
    'flows that are weighed since a part of it only',
    { evaluated: { lastHit: undefined, since: daysAgo(30), hasOpen: false } },
    /evaluated only since/,
  ],
  [
    'flows that are not weighed',
    { evaluated: { lastHit: undefined, since: undefined, hasOpen: false } },
    /are not evaluated/,
  ],
  [
    'decisions of Azure NPM that are nobody’s',
    { dataplane: 'azure-npm', evaluated: { lastHit: undefined, since: nanos(0n), hasOpen: true } },
    /can be given to no policy/,
  ],
  [
    'a hit of an earlier version',
    { facts: { since: daysAgo(30), isEdit: true }, lastHit: daysAgo(40) },
    /before this version/,
  ],
])('%s in the window says no hits yet, and why', (_, change, why) => {
  const status = statusOf({ ...unused, ...change });
  expect(status.kind).toBe('no-hits');
  expect(status.why).toMatch(why);
});

test('a hit makes it active, and an edit of this week edited', () => {
  expect(statusOf({ ...unused, lastHit: daysAgo(80) }).kind).toBe('active');
  const facts = { since: daysAgo(2), isEdit: true };
  expect(statusOf({ ...unused, facts }).why).toContain('not hit since');
  expect(statusOf({ ...unused, facts, lastHit: daysAgo(1) })).toMatchObject({ kind: 'edited' });
});

test('an evaluated hit makes it active too, and says so', () => {
  const evaluated = { lastHit: daysAgo(3), since: nanos(0n), hasOpen: true };
  for (const dataplane of ['calico', 'azure-npm'] as const)
    expect(statusOf({ ...unused, dataplane, evaluated })).toMatchObject({
      kind: 'active',
      why: expect.stringContaining('evaluated') as string,
    });
});

test('what nobody could hit, or tell of, is neither', () => {
  const notWeighed = { lastHit: undefined, since: undefined, hasOpen: false };
  expect(statusOf({ ...unused, dataplane: 'azure-npm', evaluated: notWeighed }).kind).toBe(
    'not-observable',
  );
  const cilium = {
    apiVersion: 'cilium.io/v2',
    kind: 'CiliumNetworkPolicy',
    metadata: { name: 'x', namespace: 'shop' },
    spec: { endpointSelector: {}, ingress: [{ fromEntities: ['world'] }] },
  };
  expect(statusOf({ ...unused, policy: policyOf(cilium) }).kind).toBe('not-enforced');
  const invalid = policyOf(networkPolicy('x', { ingress: 'none' }));
  expect(statusOf({ ...unused, policy: invalid }).kind).toBe('invalid');
});
