import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Endpoint, Flow, PolicyHit } from '../../server/core/flow.ts';
import type { InventorySink, InventorySource } from '../../server/core/inventory.ts';
import { nanos, type EpochNanos } from '../../server/core/time.ts';
import type {
  ListedPolicyJson,
  PoliciesResponse,
  PolicyResponse,
} from '../../server/http/contract.ts';
import { openApi, type TestApi } from '../support/api.ts';
import { aDrop, aFlow, batchOf } from '../support/flow.ts';
import { networkPolicy, pod, seen } from '../support/objects.ts';

const MINUTE = 60_000_000_000n;
/** A whole minute, some hours ago. */
const T = nanos((BigInt(Date.now()) / 60_000n) * MINUTE - 300n * MINUTE);
const at = (minutes: number): EpochNanos => nanos(T + BigInt(minutes) * MINUTE + 5n);
const KINDS = ['Pod', 'Namespace', 'NetworkPolicy.networking.k8s.io'];

let api: TestApi;
let sink: InventorySink;

const told: InventorySource = {
  ...{ name: 'told', kind: 'kubernetes', cluster: '', target: 'test', how: 'watched' },
  run: (given, signal) => {
    sink = given;
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
  },
};

const from = (app: string) => ({ podSelector: { matchLabels: { app } } });
const DENY = networkPolicy('default-deny', { policyTypes: ['Ingress'] });
const REDIS = networkPolicy('redis', {
  podSelector: { matchLabels: { app: 'redis' } },
  ingress: [{ from: [from('web')] }, { from: [from('cart')], ports: [{ port: 6379 }] }],
});

const endOf = (app: string): Endpoint => ({
  ...aFlow().source,
  ...{ pod: `${app}-0`, workload: app, labels: [`k8s:app=${app}`] },
});
const toRedis = (app: string, ip: string, port = 6379): Partial<Flow> => ({
  ...{ event: 'policy-verdict', direction: 'ingress', reporter: 'destination' },
  ...{ source: endOf(app), sourceIp: ip, destination: endOf('redis'), destinationIp: '10.0.0.2' },
  destinationPort: port,
});
const NAMED: PolicyHit = {
  policy: { kind: 'NetworkPolicy', namespace: 'shop', name: 'redis', tier: '' },
  ...{ direction: 'ingress', action: 'allow', stage: 'enforced', matched: 'policy', rule: -1 },
};

beforeAll(async () => {
  api = await openApi({ inventorySources: [told] });
  for (const kind of KINDS) sink.listed(kind, [], at(0));
  const objects = [
    pod('web-0', '10.0.0.3', { app: 'web' }),
    pod('cart-0', '10.0.0.1', { app: 'cart' }),
    pod('redis-0', '10.0.0.2', { app: 'redis' }),
    ...[DENY, REDIS],
  ];
  for (const manifest of objects) sink.changed(seen(manifest), at(1));
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
});

const get = async <T>(path: string): Promise<T> => {
  const response = await api.get(`/api/v1/${path}`);
  const body: unknown = await response.json();
  expect(response.status, JSON.stringify(body)).toBe(200);
  return body as T;
};
const list = (): Promise<PoliciesResponse> => get('policies?t=now-24h..now');
const show = (name: string): Promise<PolicyResponse> =>
  get(`policies/NetworkPolicy/shop/${name}?t=now-24h..now`);
const byName = ({ policies }: PoliciesResponse, name: string): ListedPolicyJson =>
  policies.find(({ policy }) => policy.name === name)!;

test('before anything is weighed, answers say so', async () => {
  const { attribution } = await list();
  expect(attribution.until).toBeNull();
  expect(byName(await list(), 'default-deny')).toMatchObject({
    basis: 'reported',
    evaluated: { totals: { denied: 0 } },
  });
});

test('evaluated hits stand beside the reported ones, and what nobody can credit is told', async () => {
  await api.store.append(
    batchOf([
      // Reported, without its rule.
      ...[10, 11, 12].map((minute) =>
        aFlow({ ...toRedis('cart', '10.0.0.1'), hits: [NAMED], observedAt: at(minute) }),
      ),
      // Denied by default: port 80 of redis is open to web alone.
      ...[13, 14].map((minute) =>
        aDrop({ ...toRedis('cart', '10.0.0.1', 80), observedAt: at(minute) }),
      ),
      // Denied, although the policies admit it.
      aDrop({ ...toRedis('web', '10.0.0.3'), observedAt: at(15) }),
    ]),
  );
  await api.evaluate();
  const answer = await list();
  expect(answer.attribution).toMatchObject({
    since: null,
    until: expect.any(String) as string,
    unattributed: { allowed: 0, denied: 1, staged: 0, why: [{ why: 'conflict', count: 1 }] },
  });
  expect(byName(answer, 'default-deny')).toMatchObject({
    basis: 'evaluated',
    totals: { allowed: 0, denied: 0 },
    lastHit: null,
    evaluated: { totals: { allowed: 0, denied: 2 }, shared: 2 },
    status: {
      kind: 'active',
      why: 'Hit in the version in force, as evaluated: no record names it.',
    },
  });
  expect(byName(answer, 'redis')).toMatchObject({
    basis: 'both',
    totals: { allowed: 3, denied: 0 },
    evaluated: { totals: { allowed: 0, denied: 2 } },
    ruleCount: { hit: 1, of: 2 },
    status: { kind: 'active', why: 'Hit in the version in force.' },
  });
  const { evaluated } = byName(answer, 'default-deny');
  expect(evaluated.series.denied.reduce((sum, count) => sum + count, 0)).toBe(2);
});

test('rules of reported hits are found by weighing, and none is left as not attributed', async () => {
  const shown = await show('redis');
  expect(shown.rules).toMatchObject([
    {
      path: 'spec.ingress[0]',
      fate: 'too-young',
      basis: null,
      evaluated: { totals: { allowed: 0 } },
    },
    {
      ...{ path: 'spec.ingress[1]', fate: 'hit', basis: 'evaluated' },
      ...{ totals: { allowed: 0 }, evaluated: { totals: { allowed: 3 } } },
    },
  ]);
  expect(shown.unattributed).toEqual([]);
  expect(shown.byDefault).toEqual([
    { way: 'ingress', totals: { allowed: 0, denied: 2, passed: 0, staged: 0 }, shared: 2 },
  ]);
});

test('with Azure NPM, which names nothing, policies are observed by what is evaluated', async () => {
  const before = byName(await list(), 'redis').evaluated.totals.allowed;
  await api.store.append(
    batchOf(
      [
        aFlow({
          ...{ ...toRedis('web', '10.0.0.3'), event: 'trace', origin: 'retina' },
          observedAt: at(20),
          raw: {
            format: 'hubble-json',
            bytes: Buffer.from('{"flow":{"emitter":{"name":"retina"}}}'),
          },
        }),
      ],
      { origin: 'retina' },
    ),
  );
  await api.evaluate();
  const shown = await show('redis');
  expect(shown.policy.evaluated.totals.allowed).toBe(before + 1);
  expect(shown.rules[0]).toMatchObject({ fate: 'hit', basis: 'evaluated' });
  expect(shown.policy.totals.allowed).toBe(3);
});

test('metrics say how far it is', async () => {
  const text = await (await api.get('/metrics')).text();
  expect(text).toMatch(/^dropwise_evaluation_behind_flows 0$/m);
  expect(text).toMatch(/^dropwise_evaluated_until_timestamp_seconds \d/m);
});
