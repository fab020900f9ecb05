import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { InventorySink, InventorySource } from '../../server/core/inventory.ts';
import type { Manifest } from '../../server/core/manifest.ts';
import { formatTime, nanos, type EpochNanos } from '../../server/core/time.ts';
import type { PodPoliciesResponse, Problem } from '../../server/http/contract.ts';
import { openApi, type TestApi } from '../support/api.ts';
import { aFlow, batchOf } from '../support/flow.ts';
import { networkPolicy, pod, seen } from '../support/objects.ts';

const MINUTE = 60_000_000_000n;
const T = nanos((BigInt(Date.now()) / 60_000n) * MINUTE - 5n * 60n * MINUTE);
const at = (minutes: number): EpochNanos => nanos(T + BigInt(minutes) * MINUTE);

/** A source that says what a test tells it to. */
function toldSource(cluster: string): { source: InventorySource; sink: () => InventorySink } {
  let sink: InventorySink | undefined;
  return {
    source: {
      ...{ name: `told ${cluster}`, kind: 'kubernetes', cluster, target: 'test', how: 'watched' },
      run: (given, signal) => {
        sink = given;
        return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
      },
    },
    sink: () => {
      if (sink === undefined) throw new Error('the source does not run');
      return sink;
    },
  };
}

const plain = toldSource('plain');
const cilium = toldSource('cilium');
const calico = toldSource('calico');
let api: TestApi;

const POLICY_KINDS = [
  'NetworkPolicy.networking.k8s.io',
  'AdminNetworkPolicy.policy.networking.k8s.io',
  'BaselineAdminNetworkPolicy.policy.networking.k8s.io',
  'ClusterNetworkPolicy.policy.networking.k8s.io',
  'CiliumNetworkPolicy.cilium.io',
  'CiliumClusterwideNetworkPolicy.cilium.io',
  'NetworkPolicy.projectcalico.org',
  'GlobalNetworkPolicy.projectcalico.org',
];

const ofDeployment = (name: string, workload: string, app: string): Manifest => {
  const made = pod(name, '10.0.0.9', { app, 'pod-template-hash': '6d5f8' });
  const owner = { kind: 'ReplicaSet', name: `${workload}-6d5f8`, controller: true };
  return { ...made, metadata: { ...made.metadata, ownerReferences: [owner] } };
};

const selecting = (app: string) => ({ podSelector: { matchLabels: { app } } });

const admin: Manifest = {
  apiVersion: 'policy.networking.k8s.io/v1alpha1',
  kind: 'AdminNetworkPolicy',
  metadata: { name: 'no-dev' },
  spec: {
    priority: 10,
    subject: { namespaces: {} },
    ingress: [{ action: 'Deny', from: [{ namespaces: { matchLabels: { env: 'dev' } } }] }],
  },
};

const ciliumPolicy = (name: string, spec: object): Manifest => ({
  apiVersion: 'cilium.io/v2',
  kind: 'CiliumNetworkPolicy',
  metadata: { name, namespace: 'shop' },
  spec: { endpointSelector: { matchLabels: { app: 'web' } }, ...spec },
});

const calicoPolicy = (kind: string, name: string, spec: object): Manifest => ({
  apiVersion: 'projectcalico.org/v3',
  kind,
  metadata: { name, namespace: 'shop' },
  spec: { selector: "app == 'web'", ...spec },
});

beforeAll(async () => {
  api = await openApi({ inventorySources: [plain.source, cilium.source, calico.source] });
  for (const [{ sink }, cluster] of [
    [plain, 'plain'],
    [cilium, 'cilium'],
    [calico, 'calico'],
  ] as const) {
    const put = (manifest: Manifest, minutes = 0): void =>
      sink().changed(seen(manifest, cluster), at(minutes));
    for (const kind of ['Pod', 'Namespace', ...POLICY_KINDS]) sink().listed(kind, [], at(0));
    for (const name of ['shop', 'ops'])
      put({
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
      });
    put(pod(`web-${cluster}`, '10.0.0.1', { app: 'web' }));
  }
  const put = (manifest: Manifest, minutes = 0): void =>
    plain.sink().changed(seen(manifest, 'plain'), at(minutes));
  put(networkPolicy('web', { ...selecting('web'), policyTypes: ['Ingress'] }));
  put(admin);
  put(ofDeployment('cart-6d5f8-a', 'cart', 'cart'));
  put(ofDeployment('cart-6d5f8-b', 'cart', 'other'), 30);
  plain.sink().gone(seen(ofDeployment('cart-6d5f8-a', 'cart', 'cart'), 'plain').key, at(60));
  put(networkPolicy('cart', { ...selecting('cart'), policyTypes: ['Ingress', 'Egress'] }));
  put({ ...pod('agent', '10.0.0.4', { app: 'web' }), spec: { hostNetwork: true } });
  put({
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'report', namespace: 'shop' },
    spec: {
      schedule: '0 2 * * *',
      jobTemplate: { spec: { template: { metadata: { labels: { app: 'cart' } }, spec: {} } } },
    },
  });
  const onCilium = (manifest: Manifest): void =>
    cilium.sink().changed(seen(manifest, 'cilium'), at(0));
  onCilium(ciliumPolicy('strict', { ingress: [{}] }));
  onCilium(ciliumPolicy('soft', { egress: [{}], enableDefaultDeny: { egress: false } }));
  const onCalico = (manifest: Manifest): void =>
    calico.sink().changed(seen(manifest, 'calico'), at(0));
  onCalico(calicoPolicy('NetworkPolicy', 'web', { ingress: [{ action: 'Allow' }] }));
  onCalico(calicoPolicy('StagedNetworkPolicy', 'later', { types: ['Egress'] }));
  onCalico(ciliumPolicy('stranger', { egress: [{}] }));
  // Who tells of its flows enforces the policies of a cluster.
  const raw = { format: 'calico-json', bytes: Buffer.from('{}') } as const;
  await api.store.append(batchOf([aFlow({ node: 'calico/node-1', raw })]));
});

afterAll(() => api[Symbol.asyncDispose]());

const ask = (path: string): Promise<Response> => api.get(`/api/v1/pods/${path}`);
async function get(path: string): Promise<PodPoliciesResponse> {
  const response = await ask(path);
  expect(response.status).toBe(200);
  return (await response.json()) as PodPoliciesResponse;
}
const isolationOf = ({ isolation }: PodPoliciesResponse) =>
  Object.fromEntries(
    isolation.map(({ way, pods, isolated, unsure }) => [way, [pods, isolated, unsure]]),
  );

describe('the policies of a pod', () => {
  test('with the direction in which each selects it, and what is not isolated said so', async () => {
    const shown = await get('shop/web-plain/policies');
    expect(
      shown.policies.map(({ id, directions, enforced }) => [id, directions, enforced]),
    ).toEqual([
      ['NetworkPolicy/shop/web', ['ingress'], true],
      ['AdminNetworkPolicy/-/no-dev', ['ingress'], true],
    ]);
    expect(isolationOf(shown)).toEqual({ ingress: [1, 1, 0], egress: [1, 0, 0] });
    expect(shown.untold).toEqual([]);
  });

  test('an administrator’s policy alone isolates nothing', async () => {
    const shown = await get('shop/cart-6d5f8-b/policies');
    expect(shown.policies.map(({ id }) => id)).toEqual(['AdminNetworkPolicy/-/no-dev']);
    expect(isolationOf(shown)).toEqual({ ingress: [1, 0, 0], egress: [1, 0, 0] });
  });

  test('a policy of Cilium that leaves the default deny out isolates nothing either', async () => {
    const shown = await get('shop/web-cilium/policies');
    expect(shown.policies.map(({ id, directions }) => [id, directions]).sort()).toEqual([
      ['CiliumNetworkPolicy/shop/soft', ['egress']],
      ['CiliumNetworkPolicy/shop/strict', ['ingress']],
    ]);
    expect(isolationOf(shown)).toEqual({ ingress: [1, 1, 0], egress: [1, 0, 0] });
  });

  test('staged policies and those of a kind that nobody enforces are listed and do not count', async () => {
    const shown = await get('shop/web-calico/policies');
    expect(
      shown.policies.map(({ id, staged, enforced }) => [id, { staged, enforced }]).sort(),
    ).toEqual([
      ['CalicoNetworkPolicy/shop/web', { staged: false, enforced: true }],
      ['CiliumNetworkPolicy/shop/stranger', { staged: false, enforced: false }],
      ['StagedNetworkPolicy/shop/later', { staged: true, enforced: true }],
    ]);
    expect(isolationOf(shown)).toEqual({ ingress: [1, 1, 0], egress: [1, 0, 0] });
  });

  test('none applies to one on the network of its node', async () => {
    const shown = await get('shop/agent/policies');
    expect(shown.pods).toMatchObject([{ name: 'agent', hostNetwork: true }]);
    expect(shown.policies).toEqual([]);
    expect(isolationOf(shown)).toEqual({ ingress: [0, 0, 0], egress: [0, 0, 0] });
  });
});

describe('a workload', () => {
  test('stands for a pod that is not known, and is its Deployment', async () => {
    const shown = await get('shop/cart-6d5f8-gone/policies?workload=cart');
    expect(shown.by).toBe('workload');
    expect(shown.pods).toMatchObject([
      { name: 'cart-6d5f8-b', workload: { kind: 'Deployment', name: 'cart' } },
    ]);
  });

  test('as of a time has the pods of that time, and says how many of them a policy selects', async () => {
    const shown = await get(`shop/-/policies?workload=cart&asof=${formatTime(at(45))}`);
    expect(shown.pods.map(({ name }) => name).sort()).toEqual(['cart-6d5f8-a', 'cart-6d5f8-b']);
    expect(shown.policies.find(({ id }) => id === 'NetworkPolicy/shop/cart')?.pods).toBe(1);
    expect(isolationOf(shown)).toEqual({ ingress: [2, 1, 0], egress: [2, 1, 0] });
  });

  test('a pod that is known is never taken for its workload', async () => {
    const shown = await get(`shop/cart-6d5f8-a/policies?workload=cart&asof=${formatTime(at(45))}`);
    expect([shown.by, shown.pods.length]).toEqual(['pod', 1]);
    expect(isolationOf(shown)).toEqual({ ingress: [1, 1, 0], egress: [1, 1, 0] });
  });

  test('a CronJob between two runs is told by its template', async () => {
    const shown = await get('shop/-/policies?workload=report');
    expect(shown.by).toBe('template');
    expect(shown.pods).toMatchObject([{ name: '', workload: { kind: 'CronJob' } }]);
    expect(shown.policies.map(({ id }) => id)).toContain('NetworkPolicy/shop/cart');
  });
});

describe('what is not known', () => {
  const problemOf = async (path: string): Promise<Problem> => {
    const response = await ask(path);
    expect(response.status).toBe(404);
    return (await response.json()) as Problem;
  };

  test('a pod that nobody tells is refused, with its workload', async () => {
    const { detail } = await problemOf('shop/nobody/policies?workload=none');
    expect(detail).toContain("holds no pod 'shop/nobody' or workload 'shop/none'");
  });

  test('a time before anything was told is said to be one', async () => {
    const { detail } = await problemOf(`shop/web-plain/policies?asof=${formatTime(at(-9))}`);
    expect(detail).toContain('no inventory source told anything at that time');
  });

  test('kinds of policies that were not told are named, so that none selects proves nothing', async () => {
    plain.sink().lost('AdminNetworkPolicy.policy.networking.k8s.io');
    const shown = await get('shop/web-plain/policies');
    expect(shown.untold).toEqual(['AdminNetworkPolicy.policy.networking.k8s.io']);
    plain.sink().heard('AdminNetworkPolicy.policy.networking.k8s.io');
  });
});
