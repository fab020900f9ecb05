import { NAMESPACE_LABELS, type WorkloadSpec } from './inventory.ts';
import {
  createRandom,
  mixSeed,
  randomMac,
  randomSuffix,
  randomTemplateHash,
  textSeed,
  type Random,
} from './random.ts';
import type { WireEndpoint } from './wire-message.ts';

export type DemoNode = {
  /** `worker-1`. */
  readonly name: string;
  /** As Hubble names it: `demo-east/worker-1`. */
  readonly qualifiedName: string;
  readonly index: number;
  readonly ip: string;
  readonly mac: string;
  readonly labels: readonly string[];
};

export type DemoPod = {
  readonly name: string;
  /** Name with the generated end replaced by `*`, as Calico aggregates it. */
  readonly aggregateName: string;
  readonly workload: DemoWorkload;
  readonly node: DemoNode;
  readonly ip: string;
  readonly mac: string;
  readonly interfaceName: string;
  readonly interfaceIndex: number;
  /** As the agent of the pod's own node tells it: with endpoint id and workload. */
  readonly local: WireEndpoint;
  /** As every other agent tells it. */
  readonly remote: WireEndpoint;
};

export type DemoWorkload = WorkloadSpec & {
  /** `namespace/name`. */
  readonly key: string;
  readonly pods: readonly DemoPod[];
};

export type Cluster = {
  readonly name: string;
  readonly nodes: readonly DemoNode[];
  readonly workloads: ReadonlyMap<string, DemoWorkload>;
};

export type ClusterOptions = {
  readonly name: string;
  readonly seed: number;
  readonly nodeCount: number;
  readonly specs: readonly WorkloadSpec[];
  /** Second number of the pod addresses of the first node: `10.<n>.x.y`. */
  readonly addressBlock: number;
};

function createNode(cluster: string, index: number, random: Random): DemoNode {
  const name = `worker-${index + 1}`;
  return {
    name,
    qualifiedName: `${cluster}/${name}`,
    index,
    ip: `172.18.0.${index + 2}`,
    mac: randomMac(random),
    labels: [
      'beta.kubernetes.io/arch=amd64',
      'beta.kubernetes.io/os=linux',
      'kubernetes.io/arch=amd64',
      `kubernetes.io/hostname=${name}`,
      'kubernetes.io/os=linux',
      `topology.kubernetes.io/zone=zone-${(index % 3) + 1}`,
    ],
  };
}

/** Labels of a pod as its manifest has them. */
export function podLabels(spec: WorkloadSpec): Readonly<Record<string, string>> {
  return { app: spec.name, 'app.kubernetes.io/name': spec.name, ...spec.labels };
}

/** Identity labels of a pod as Cilium sends them. */
function identityLabels(spec: WorkloadSpec, cluster: string): readonly string[] {
  const labels = Object.entries(podLabels(spec)).map(([key, value]) => `k8s:${key}=${value}`);
  const ofNamespace = {
    'kubernetes.io/metadata.name': spec.namespace,
    ...NAMESPACE_LABELS[spec.namespace],
  };
  for (const [key, value] of Object.entries(ofNamespace)) {
    labels.push(`k8s:io.cilium.k8s.namespace.labels.${key}=${value}`);
  }
  labels.push(
    `k8s:io.cilium.k8s.policy.cluster=${cluster}`,
    `k8s:io.cilium.k8s.policy.serviceaccount=${spec.name}`,
    `k8s:io.kubernetes.pod.namespace=${spec.namespace}`,
  );
  return labels.sort();
}

function podNames(
  spec: WorkloadSpec,
  random: Random,
): { readonly prefix: string; readonly ends: readonly string[] } {
  const indexes = Array.from({ length: spec.replicas }, (_, index) => index);
  if (spec.kind === 'StatefulSet') return { prefix: `${spec.name}-`, ends: indexes.map(String) };
  // A Deployment's ReplicaSet has a template hash; a CronJob's Job the minute of its schedule.
  const prefix =
    spec.kind === 'Deployment'
      ? `${spec.name}-${randomTemplateHash(random)}-`
      : spec.kind === 'CronJob'
        ? `${spec.name}-${29_000_000 + random.below(700_000)}-`
        : `${spec.name}-`;
  return { prefix, ends: indexes.map(() => randomSuffix(random, 5)) };
}

type Placer = (
  spec: WorkloadSpec,
  replica: number,
) => { readonly node: DemoNode; readonly position: number };

/** Spreads pods over the nodes in turn; a DaemonSet's go one to each. */
function createPlacer(nodes: readonly DemoNode[]): Placer {
  const used = nodes.map(() => 0);
  let turn = 0;
  return (spec, replica) => {
    const index = (spec.kind === 'DaemonSet' ? replica : turn) % nodes.length;
    turn += 1;
    const node = nodes[index];
    if (node === undefined) throw new RangeError('a cluster needs at least one node');
    const position = (used[index] ?? 0) + 1;
    used[index] = position;
    return { node, position };
  };
}

function freeIdentity(taken: Set<number>, random: Random): number {
  for (;;) {
    const identity = 1024 + random.below(60_000);
    if (taken.has(identity)) continue;
    taken.add(identity);
    return identity;
  }
}

/** Builds nodes and pods. The same options give the same cluster. */
export function createCluster(options: ClusterOptions): Cluster {
  const { name, seed, nodeCount, specs, addressBlock } = options;
  const random = createRandom(mixSeed(seed, textSeed(name)));
  const nodes = Array.from({ length: nodeCount }, (_, index) => createNode(name, index, random));
  const place = createPlacer(nodes);
  const identities = new Set<number>();
  const workloads = new Map<string, DemoWorkload>();
  for (const spec of specs) {
    const pods: DemoPod[] = [];
    const workload: DemoWorkload = { ...spec, key: `${spec.namespace}/${spec.name}`, pods };
    const { prefix, ends } = podNames(spec, random);
    const identity = freeIdentity(identities, random);
    const labels = identityLabels(spec, name);
    for (const [replica, end] of ends.entries()) {
      const { node, position } = place(spec, replica);
      const remote: WireEndpoint = {
        identity,
        cluster_name: name,
        namespace: spec.namespace,
        labels,
        pod_name: prefix + end,
      };
      const interfaceId = random.bits() * 0x1000 + random.below(0x1000);
      pods.push({
        name: prefix + end,
        aggregateName: `${prefix}*`,
        workload,
        node,
        ip: `10.${addressBlock}.${node.index + 1}.${9 + position}`,
        mac: randomMac(random),
        interfaceName: `lxc${interfaceId.toString(16).padStart(11, '0')}`,
        interfaceIndex: 11 + position * 2,
        local: {
          ID: 100 + random.below(3900),
          ...remote,
          workloads: [{ name: spec.name, kind: spec.kind }],
        },
        remote,
      });
    }
    workloads.set(workload.key, workload);
  }
  return { name, nodes, workloads };
}

/** The workload of that key; every key in the traffic tables must be in the inventory. */
export function getWorkload(cluster: Cluster, key: string): DemoWorkload {
  const workload = cluster.workloads.get(key);
  if (workload === undefined) throw new RangeError(`no workload ${key} in ${cluster.name}`);
  return workload;
}
