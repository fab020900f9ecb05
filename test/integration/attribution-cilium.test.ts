import { describe, expect, test } from 'vitest';
import type { PolicyHit } from '../../server/core/flow.ts';
import { AUDIT } from '../../server/core/verdict.ts';
import {
  admitted,
  DAY,
  denied,
  openAttributionWorld,
  PODS,
  put,
  REDIS,
  VERDICT,
  WORLD,
} from '../support/attribution-world.ts';
import { clock, dropped, manifests, podOf } from '../support/why-world.ts';

const named = (name: string): PolicyHit => ({
  policy: { kind: 'NetworkPolicy', namespace: 'shop', name, tier: '' },
  ...{ direction: 'ingress', action: 'allow', stage: 'enforced', matched: 'policy', rule: -1 },
});

describe('Cilium', () => {
  test('a default deny is a hit of every policy that isolates the pod, and each says that it is shared', async () => {
    await using world = await openAttributionWorld(WORLD);
    await world.tell(denied('12:00:01'), denied('12:00:02'), denied('12:07:00'));
    await world.step();
    expect(world.lines()).toEqual([
      'shop/default-deny ingress default denied 3 shared 3',
      'shop/default-deny ingress whole denied 3 shared 3',
      'shop/redis-from-web ingress default denied 3 shared 3',
      'shop/redis-from-web ingress whole denied 3 shared 3',
    ]);
    const [first] = world.rows();
    expect([first?.firstHit, first?.lastHit]).toEqual([clock('12:00:01'), clock('12:07:00')]);
  });

  test('what an agent let through without a name is a hit of the rule that matches', async () => {
    await using world = await openAttributionWorld(WORLD);
    await world.tell(admitted('12:00:01'), admitted('12:00:30'));
    await world.step();
    expect(world.lines()).toEqual([
      'shop/redis-from-web ingress spec.ingress[0] allowed 2',
      'shop/redis-from-web ingress whole allowed 2',
    ]);
  });

  test('a hit that was reported is not counted again; only its rule is found', async () => {
    await using world = await openAttributionWorld(WORLD);
    await world.tell(admitted('12:00:01', { hits: [named('redis-from-web')] }));
    await world.step();
    expect(world.lines()).toEqual([
      'shop/redis-from-web ingress spec.ingress[0] named allowed 1',
      'shop/redis-from-web ingress whole named allowed 1',
    ]);
    const [reported] = await world.store.policyHits({ within: DAY, buckets: 1 });
    expect(reported).toMatchObject({ totals: { allowed: 1 }, rule: -1 });
  });

  test('the drop of a packet whose verdict was told counts no second time, in whatever order they come', async () => {
    await using world = await openAttributionWorld(WORLD);
    const drop = { event: 'drop' } as const;
    await world.tell(denied('12:00:01'));
    await world.step();
    await world.tell(denied('12:00:01', drop), denied('12:00:05'), denied('12:00:05', drop));
    await world.step();
    expect(world.lines()).toContain('shop/default-deny ingress whole denied 2 shared 2');
  });

  test('where agents tell no verdicts, drops by policy stand for them, and other drops for nothing', async () => {
    await using world = await openAttributionWorld(WORLD);
    const drop = { event: 'drop' } as const;
    await world.tell(
      denied('12:00:01', drop),
      denied('12:00:02', { ...drop, verdict: { kind: 'dropped', reason: 'INVALID_SOURCE_IP' } }),
    );
    await world.step();
    expect(world.lines()).toContain('shop/default-deny ingress whole denied 1 shared 1');
  });

  test('what audit mode let through is counted as such', async () => {
    await using world = await openAttributionWorld(WORLD);
    await world.tell(denied('12:00:01', { verdict: AUDIT, wireVerdict: 'AUDIT' }));
    await world.step();
    expect(world.lines()).toContain('shop/default-deny ingress whole staged 1 shared 1');
  });

  test('nobody is credited where the policies decide otherwise, nor where none was known', async () => {
    await using world = await openAttributionWorld({ steps: [put(...PODS)] });
    await world.tell(denied('12:00:01'), denied('00:00:30'));
    await world.step();
    expect(world.lines()).toEqual([
      'nobody ingress conflict denied 1',
      'nobody ingress no-snapshot denied 1',
    ]);
  });

  test('a verdict is on the connection, so a rule with requests is credited with what it hands to the proxy', async () => {
    const byRequest = manifests(`
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: { name: by-request, namespace: shop }
spec:
  endpointSelector: { matchLabels: { app: redis } }
  ingress:
    - fromEndpoints: [{ matchLabels: { app: cart } }]
    - fromEndpoints: [{ matchLabels: { app: web } }]
      toPorts: [{ ports: [{ port: '6379', protocol: TCP }], rules: { http: [{ method: GET }] } }]
`);
    await using world = await openAttributionWorld({ steps: [put(...PODS), put(...byRequest)] });
    await world.tell(admitted('12:00:01'));
    await world.step();
    expect(world.lines()).toEqual([
      'shop/by-request ingress spec.ingress[1] allowed 1',
      'shop/by-request ingress whole allowed 1',
    ]);
  });

  test('what a missing fact leaves open stays nobody’s', async () => {
    const byTeam = manifests(`
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: { name: by-team, namespace: shop }
spec:
  endpointSelector: { matchLabels: { app: redis } }
  ingress:
    - fromEndpoints: [{ matchLabels: { 'io.cilium.k8s.namespace.labels.team': x, k8s:io.kubernetes.pod.namespace: gone } }]
`);
    await using world = await openAttributionWorld({ steps: [put(...PODS), put(...byTeam)] });
    const stranger = podOf('gone/job-0', '10.0.0.9', { app: 'job' });
    await world.tell(
      dropped({ from: stranger, to: REDIS, port: 6379, at: '12:00:00', more: VERDICT }),
    );
    await world.step();
    expect(world.lines()).toEqual(['nobody ingress undecided denied 1']);
  });
});
