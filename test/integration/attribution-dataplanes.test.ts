import { describe, expect, test } from 'vitest';
import type { Flow, PolicyHit } from '../../server/core/flow.ts';
import {
  CART,
  DAY,
  ISOLATING,
  openAttributionWorld,
  PODS,
  put,
  REDIS,
  WEB,
} from '../support/attribution-world.ts';
import { aFlow } from '../support/flow.ts';
import { allowed, clock, dropped, manifests, podOf } from '../support/why-world.ts';

/** A line of a Calico flow log, as its decoder makes it. */
const calicoLine = (at: string, more: Partial<Flow>): Partial<Flow> => ({
  ...{ event: 'flow-log', direction: 'ingress', reporter: 'destination', observedAt: clock(at) },
  raw: { format: 'calico-json', bytes: Buffer.from('{}') },
  ...more,
});

describe('Calico', () => {
  const TIERED = manifests(`
apiVersion: projectcalico.org/v3
kind: Tier
metadata: { name: security }
spec: { order: 100 }
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: { name: security.known-peers }
spec:
  tier: security
  order: 10
  selector: app == 'redis'
  ingress: [{ action: Pass, source: { selector: app == 'web' } }]
---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: { name: security.no-jobs, namespace: shop }
spec:
  tier: security
  order: 20
  selector: app == 'redis'
  ingress: [{ action: Deny, source: { selector: app == 'job' } }]
`);
  const WORLD_OF_TIERS = { steps: [put(...PODS), put(...TIERED)] };
  const witness: PolicyHit = {
    policy: { kind: 'CalicoNetworkPolicy', namespace: 'shop', name: 'no-jobs', tier: 'security' },
    ...{ direction: 'ingress', action: 'deny', stage: 'enforced', matched: 'end-of-tier' },
    rule: -1,
  };
  const ended = (at: string, hits = [witness], connections = 4): Flow =>
    dropped({
      ...{ from: CART, to: REDIS, port: 6379, at },
      more: calicoLine(at, {
        verdict: { kind: 'dropped', reason: 'CALICO_END_OF_TIER' },
        hits,
        counts: { ...aFlow().counts, events: connections, connections },
      }),
    });

  test('the end of a tier is a hit of every policy of the tier that selects the pod, and of no witness alone', async () => {
    await using world = await openAttributionWorld(WORLD_OF_TIERS);
    await world.tell(ended('12:00:01'), ended('12:00:02'));
    await world.step();
    expect(world.lines()).toEqual([
      '/known-peers ingress default denied 8 shared 8',
      '/known-peers ingress whole denied 8 shared 8',
      'shop/no-jobs ingress default denied 8 shared 8',
      'shop/no-jobs ingress whole denied 8 shared 8',
    ]);
    expect(new Set(world.rows().map(({ policy }) => policy.kind))).toEqual(
      new Set(['GlobalNetworkPolicy', 'CalicoNetworkPolicy']),
    );
    expect(await world.store.policyHits({ within: DAY, buckets: 1 })).toEqual([]);
  });

  test('a denial that the record gives to another tier is nobody’s, and one that it gives to a rule is reported', async () => {
    await using world = await openAttributionWorld(WORLD_OF_TIERS);
    const elsewhere = { ...witness, policy: { ...witness.policy, tier: 'default' } };
    await world.tell(
      ended('12:00:01', [elsewhere]),
      ended('12:00:01', [{ ...witness, matched: 'rule', rule: 0 }]),
    );
    await world.step();
    expect(world.lines()).toEqual(['nobody ingress conflict denied 4']);
  });
});

describe('Azure NPM', () => {
  const NODE_1 = { node: 'node-1' };
  const ON_TWO = podOf('shop/far-0', '10.0.1.1', { app: 'far' }, { node: 'node-2' });
  const fromRetina = (more: Partial<Flow> = {}): Partial<Flow> => ({
    raw: { format: 'hubble-json', bytes: Buffer.from('{"flow":{"emitter":{"name":"retina"}}}') },
    ...more,
  });
  const drop = { event: 'drop', direction: 'ingress', reporter: 'unknown' } as const;

  test('what Retina tells is all evaluated: drops at the end that denies, and what passed by its rule', async () => {
    await using world = await openAttributionWorld({
      steps: [put(...PODS, ON_TWO), put(...ISOLATING)],
    });
    await world.tell(
      dropped({
        from: CART,
        to: REDIS,
        port: 6379,
        at: '12:00:01',
        more: fromRetina({ ...drop, ...NODE_1 }),
      }),
      // Told at the node of the sender, whose egress nothing isolates.
      dropped({
        from: ON_TWO,
        to: REDIS,
        port: 6379,
        at: '12:00:02',
        more: fromRetina({ ...drop, node: 'node-2' }),
      }),
      allowed({
        ...{ from: WEB, to: REDIS, port: 6379, at: '12:00:03' },
        more: fromRetina({ event: 'trace', direction: 'ingress', reporter: 'destination' }),
      }),
      allowed({
        ...{ from: REDIS, to: WEB, port: 40_000, at: '12:00:04' },
        more: fromRetina({ event: 'trace', reporter: 'destination', reply: 'yes' }),
      }),
    );
    await world.step();
    expect(world.lines()).toEqual([
      'nobody unknown conflict denied 1',
      'shop/default-deny ingress default denied 1 shared 1',
      'shop/default-deny ingress whole denied 1 shared 1',
      'shop/redis-from-web ingress default denied 1 shared 1',
      'shop/redis-from-web ingress spec.ingress[0] allowed 1',
      'shop/redis-from-web ingress whole allowed 1 denied 1 shared 1',
    ]);
  });
});
