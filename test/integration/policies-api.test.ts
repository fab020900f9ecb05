import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Flow, PolicyHit } from '../../server/core/flow.ts';
import type { InventorySink, InventorySource } from '../../server/core/inventory.ts';
import type { Manifest } from '../../server/core/manifest.ts';
import { formatTime, nanos, type EpochNanos } from '../../server/core/time.ts';
import type {
  ListedPolicyJson,
  PoliciesResponse,
  PolicyResponse,
} from '../../server/http/contract.ts';
import type { PodPoliciesResponse } from '../../server/operations/policies/policy-shapes.ts';
import { openApi, type TestApi } from '../support/api.ts';
import { aFlow, batchOf } from '../support/flow.ts';
import { networkPolicy, pod, seen } from '../support/objects.ts';

const MINUTE = 60_000_000_000n;
const HOUR = 60n * MINUTE;
/** A whole minute, some hours ago: versions begin and flows were seen around it. */
const T = nanos((BigInt(Date.now()) / 60_000n) * MINUTE - 5n * HOUR);
const at = (minutes: number): EpochNanos =>
  nanos(T + BigInt(Math.round(minutes * 60)) * 1_000_000_000n);
const KINDS = ['Pod', 'NetworkPolicy.networking.k8s.io', 'NetworkPolicy.projectcalico.org'];

let api: TestApi;
let sink: InventorySink;

/** A source that says what a test tells it to. */
const told: InventorySource = {
  ...{ name: 'told', kind: 'kubernetes', cluster: '', target: 'test', how: 'watched' },
  run: (given, signal) => {
    sink = given;
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
  },
};

const from = (app: string) => ({ podSelector: { matchLabels: { app } } });

const WEB: Manifest = networkPolicy('web', {
  podSelector: { matchLabels: { app: 'web' } },
  ingress: [
    { from: [from('a'), from('b')], ports: [{ port: 80 }] },
    { from: [from('c')] },
    { from: [from('c')], ports: [{ port: 81 }] },
  ],
});
const EMPTY = networkPolicy('empty', {
  podSelector: { matchLabels: { app: 'none' } },
  ingress: [{ from: [from('a')] }],
});
const INVALID = networkPolicy('invalid', { ingress: [{ ports: [{ port: 70_000 }] }] });
const TIERED: Manifest = {
  apiVersion: 'projectcalico.org/v3',
  kind: 'NetworkPolicy',
  metadata: { name: 'security.web', namespace: 'shop' },
  spec: {
    tier: 'security',
    selector: "app == 'web'",
    ingress: [{ action: 'Log' }, { action: 'Pass' }],
  },
};

const hit = (differences: Partial<PolicyHit> = {}): PolicyHit => ({
  policy: { kind: 'NetworkPolicy', namespace: 'shop', name: 'web', tier: 'default' },
  ...{ direction: 'ingress', action: 'allow', stage: 'enforced', matched: 'rule', rule: 0 },
  ...differences,
});

const line = (minutes: number, connections: number, ...hits: PolicyHit[]): Flow =>
  aFlow({
    ...{ event: 'flow-log', direction: 'ingress', hits, observedAt: at(minutes) },
    counts: { ...aFlow().counts, connections },
    raw: { format: 'calico-json', bytes: Buffer.from('{}') },
  });

beforeAll(async () => {
  api = await openApi({ inventorySources: [told] });
  for (const kind of KINDS) sink.listed(kind, [], at(0));
  const put = (manifest: Manifest, minutes: number): void =>
    sink.changed(seen(manifest), at(minutes));
  put(pod('web-1', '10.0.0.1', { app: 'web' }), 0);
  put(pod('db-1', '10.0.0.2', { app: 'db' }), 0);
  for (const policy of [WEB, EMPTY, INVALID, TIERED]) put(policy, 1);
  put(networkPolicy('gone', { ingress: [{}] }), 1);
  // In the middle of a minute, in which hits are of neither version.
  put({ ...WEB, spec: { ...(WEB['spec'] as object), policyTypes: ['Ingress'] } }, 60.5);
  sink.gone(seen(networkPolicy('gone')).key, at(90));
  await api.store.append(
    batchOf([
      line(10, 5, hit({ rule: 2 })),
      line(60.2, 7, hit({ rule: 0 })),
      line(60.8, 11, hit({ rule: 0 })),
      line(70, 13, hit({ rule: 1 })),
      line(70, 17, hit({ matched: 'end-of-tier', rule: -1, action: 'deny' })),
      line(71, 19, hit({ rule: 9 })),
      line(
        72,
        3,
        hit({
          policy: { kind: 'CalicoNetworkPolicy', namespace: 'shop', name: 'web', tier: 'security' },
          action: 'pass',
          rule: 1,
        }),
      ),
      line(
        73,
        2,
        hit({
          policy: { kind: 'GlobalNetworkPolicy', namespace: '', name: 'elsewhere', tier: 'x' },
        }),
      ),
    ]),
  );
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
const list = (params = ''): Promise<PoliciesResponse> => get(`policies?t=now-24h..now${params}`);
const show = (id: string, params = ''): Promise<PolicyResponse> =>
  get(`policies/${id}?t=now-24h..now${params}`);
const byId = (policies: readonly ListedPolicyJson[], id: string): ListedPolicyJson =>
  policies.find((policy) => policy.id === id)!;
const fates = ({ rules }: PolicyResponse) =>
  rules.map(({ path, fate, totals }) => [path, fate, totals.allowed + totals.passed]);

describe('the list', () => {
  test('holds every policy of the inventory, hit or not, and what only hits name', async () => {
    const { policies, inventoryAt } = await list();
    expect(inventoryAt).not.toBeNull();
    expect(policies.map(({ id }) => id).sort()).toEqual([
      'CalicoNetworkPolicy/shop/security.web',
      'GlobalNetworkPolicy/-/elsewhere',
      'NetworkPolicy/shop/empty',
      'NetworkPolicy/shop/invalid',
      'NetworkPolicy/shop/web',
    ]);
    expect(byId(policies, 'GlobalNetworkPolicy/-/elsewhere')).toMatchObject({
      status: { kind: 'unlisted' },
      pods: null,
      totals: { allowed: 2 },
    });
  });

  test('gives hits to the policy of that kind and tier, and none for the end of a tier', async () => {
    const { policies } = await list();
    expect(byId(policies, 'NetworkPolicy/shop/web')).toMatchObject({
      totals: { allowed: 55, denied: 0 },
      ...{ pods: 1, directions: ['ingress'], dialect: 'kubernetes' },
      status: { kind: 'edited', at: formatTime(at(60.5)) },
    });
    expect(byId(policies, 'CalicoNetworkPolicy/shop/security.web')).toMatchObject({
      ...{ totals: { passed: 3 }, dialect: 'calico', status: { kind: 'active' } },
    });
  });

  test('has the hits of all rules in parts of the range, and nothing of a kind that was not hit', async () => {
    const range = `t=${formatTime(at(0))}..${formatTime(at(80))}`;
    const { buckets, policies } = await get<PoliciesResponse>(`policies?${range}&buckets=8`);
    expect(buckets).toBe(8);
    const none = { allowed: [], denied: [], passed: [], staged: [] };
    expect(byId(policies, 'NetworkPolicy/shop/web').series).toEqual({
      ...none,
      allowed: [0, 5, 0, 0, 0, 0, 18, 32],
    });
    expect(byId(policies, 'CalicoNetworkPolicy/shop/security.web').series).toEqual({
      ...none,
      passed: [0, 0, 0, 0, 0, 0, 0, 3],
    });
    expect(byId(policies, 'NetworkPolicy/shop/empty').series).toEqual(none);
    const many = await get<PoliciesResponse>(`policies?${range}&buckets=1440`);
    expect(many.buckets).toBe(80);
    expect(byId(many.policies, 'NetworkPolicy/shop/web').series.allowed).toHaveLength(80);
  });

  test('says what a cluster would refuse, and never calls unused what was not watched', async () => {
    const { policies } = await list();
    const invalid = byId(policies, 'NetworkPolicy/shop/invalid').status;
    expect(invalid.kind).toBe('invalid');
    expect(invalid.why).toContain('spec.ingress[0].ports[0].port');
    const { kind, why } = byId(policies, 'NetworkPolicy/shop/empty').status;
    expect(kind).toBe('no-hits');
    expect(why).toContain(
      `known only since ${formatTime(at(1)).slice(0, 19).replace('T', ' ')} UTC`,
    );
    expect(why).toContain('no source was watched');
  });

  test('as of a time has the policies of that time, and hits up to it', async () => {
    const then = await list(`&asof=${formatTime(at(30))}`);
    expect(then.policies.map(({ id }) => id)).toContain('NetworkPolicy/shop/gone');
    const web = byId(then.policies, 'NetworkPolicy/shop/web');
    expect(web.totals.allowed).toBe(5);
    expect(web.status.kind).not.toBe('edited');
    const before = await list(`&asof=${formatTime(nanos(T - HOUR))}`);
    expect(before.policies).toEqual([]);
    expect(before.inventoryAt).toBeNull();
  });
});

describe('one policy', () => {
  test('has the hits of its rules since the edit, by their places in the manifest', async () => {
    const shown = await show('NetworkPolicy/shop/web');
    // Rules 0 and 1 of the dataplane are the two peers of the first rule; the minute of the edit counts for nobody.
    expect(fates(shown)).toEqual([
      ['spec.ingress[0]', 'hit', 13],
      ['spec.ingress[1]', 'edited', 0],
      ['spec.ingress[2]', 'shadowed', 0],
    ]);
    expect(shown.unattributed).toMatchObject([{ way: 'ingress', totals: { allowed: 19 } }]);
    expect(shown.selected).toEqual([{ namespace: 'shop', name: 'web-1' }]);
  });

  test('has the hits of each version, and those around the change apart', async () => {
    const { versions, aroundChanges } = await show('NetworkPolicy/shop/web');
    expect(versions.map(({ totals, until }) => [totals.allowed, until === null])).toEqual([
      [32, true],
      [5, false],
    ]);
    expect(aroundChanges.allowed).toBe(18);
    expect(versions[0]!.yaml).toContain('policyTypes');
    expect(versions[1]!.yaml).not.toContain('policyTypes');
  });

  test('in the version of a time counts the rules of that version', async () => {
    const shown = await show('NetworkPolicy/shop/web', `&asof=${formatTime(at(30))}`);
    expect(fates(shown)).toEqual([
      ['spec.ingress[0]', 'too-young', 0],
      ['spec.ingress[1]', 'hit', 5],
      ['spec.ingress[2]', 'shadowed', 0],
    ]);
    expect(shown.versions).toHaveLength(1);
  });

  test('that selects nothing says so of each rule; a Log rule is never named', async () => {
    expect(fates(await show('NetworkPolicy/shop/empty'))).toEqual([
      ['spec.ingress[0]', 'selects-nothing', 0],
    ]);
    expect(fates(await show('CalicoNetworkPolicy/shop/security.web'))).toEqual([
      ['spec.ingress[0]', 'not-observable', 0],
      ['spec.ingress[1]', 'hit', 3],
    ]);
  });

  test("is found by Calico's own name, with or without its tier", async () => {
    const { policy } = await show('CalicoNetworkPolicy/shop/web');
    expect(policy.id).toBe('CalicoNetworkPolicy/shop/security.web');
  });

  test('that was deleted is shown as it was last', async () => {
    const { policy, versions, at: shownAt } = await show('NetworkPolicy/shop/gone');
    expect(policy.status).toMatchObject({ kind: 'gone', at: formatTime(at(90)) });
    expect(versions).toHaveLength(1);
    expect(shownAt < formatTime(at(90))).toBe(true);
  });

  test('that only hits name has no rules, and one that nobody names is not found', async () => {
    expect(await show('GlobalNetworkPolicy/-/elsewhere')).toMatchObject({
      ...{ rules: [], versions: [], policy: { status: { kind: 'unlisted' } } },
    });
    expect((await api.get('/api/v1/policies/NetworkPolicy/shop/nowhere')).status).toBe(404);
    expect((await api.get('/api/v1/policies?asof=lately')).status).toBe(400);
  });
});

test('a pod leads to the policies that select it, then and now', async () => {
  const { policies } = await get<PodPoliciesResponse>('pods/shop/web-1/policies');
  expect(policies.map(({ id, directions }) => [id, directions]).sort()).toEqual([
    ['CalicoNetworkPolicy/shop/security.web', ['ingress']],
    ['NetworkPolicy/shop/web', ['ingress']],
  ]);
  const then = await get<PodPoliciesResponse>(`pods/shop/db-1/policies?asof=${formatTime(at(30))}`);
  expect(then.policies.map(({ id }) => id)).toEqual(['NetworkPolicy/shop/gone']);
  expect((await api.get('/api/v1/pods/shop/nobody/policies')).status).toBe(404);
});
