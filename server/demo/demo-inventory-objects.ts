import type { Manifest } from '../core/manifest.ts';
import {
  podLabels,
  type Cluster,
  type DemoNode,
  type DemoPod,
  type DemoWorkload,
} from './cluster.ts';
import { NAMESPACE_LABELS } from './inventory.ts';
import { createRandom, mixSeed, randomUuid, textSeed } from './random.ts';

/** A port that a workload is asked on. */
export type ServedPort = {
  readonly workload: string;
  readonly protocol: string;
  readonly port: number;
};

/** Older than the past that the demo tells of. */
const CREATED = '2026-01-05T09:00:00Z';

type Labels = Readonly<Record<string, string>>;

/** What the API server of a demo cluster would list, but for its policies. The same cluster has the same objects. */
export function clusterObjects(
  cluster: Cluster,
  ports: readonly ServedPort[],
): readonly Manifest[] {
  const workloads = [...cluster.workloads.values()];
  const namespaces = [...new Set(workloads.map(({ namespace }) => namespace))];
  return [
    ...namespaces.map((name) =>
      object(cluster, 'Namespace', { name, labels: namespaceLabels(name) }),
    ),
    ...cluster.nodes.map((node) => nodeObject(cluster, node)),
    ...workloads.flatMap((workload) => [
      object(cluster, 'ServiceAccount', { name: workload.name, namespace: workload.namespace }),
      ...serviceOf(cluster, workload, ports),
      ...workload.pods.map((pod) => podObject(cluster, pod)),
    ]),
  ];
}

/** Fields that an API server adds to a manifest. */
export function asStored(manifest: Manifest, cluster: string, generation: number): Manifest {
  const { kind, metadata } = manifest;
  return {
    ...manifest,
    metadata: {
      ...metadata,
      uid: uidOf(cluster, kind, `${metadata.namespace ?? ''}/${metadata.name}`),
      generation,
      creationTimestamp: CREATED,
    },
  };
}

const uidOf = (...parts: readonly string[]): string =>
  randomUuid(createRandom(mixSeed(...parts.map(textSeed))));

function object(
  { name: cluster }: Cluster,
  kind: string,
  metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Labels },
  fields: Readonly<Record<string, unknown>> = {},
): Manifest {
  const uid = uidOf(cluster, kind, `${metadata.namespace ?? ''}/${metadata.name}`);
  return {
    apiVersion: 'v1',
    kind,
    metadata: { ...metadata, uid, creationTimestamp: CREATED },
    ...fields,
  };
}

const namespaceLabels = (name: string): Labels => ({
  'kubernetes.io/metadata.name': name,
  ...NAMESPACE_LABELS[name],
});

function nodeObject(cluster: Cluster, { name, ip, labels }: DemoNode): Manifest {
  const pairs = labels.map((label) => {
    const at = label.indexOf('=');
    return [label.slice(0, at), label.slice(at + 1)];
  });
  return object(
    cluster,
    'Node',
    { name, labels: Object.fromEntries(pairs) as Labels },
    { status: { addresses: [{ type: 'InternalIP', address: ip }] } },
  );
}

function podObject(
  cluster: Cluster,
  { name, aggregateName, workload, node, ip }: DemoPod,
): Manifest {
  const { namespace, kind } = workload;
  // `api-7d9c5b8f6d-*` is of a ReplicaSet, `backup-29123456-*` of a Job.
  const prefix = aggregateName.slice(0, -2);
  const owner =
    kind === 'Deployment'
      ? { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: prefix }
      : kind === 'CronJob'
        ? { apiVersion: 'batch/v1', kind: 'Job', name: prefix }
        : { apiVersion: 'apps/v1', kind, name: workload.name };
  const hash =
    kind === 'Deployment' ? { 'pod-template-hash': prefix.slice(workload.name.length + 1) } : {};
  const stored = object(
    cluster,
    'Pod',
    { name, namespace, labels: { ...podLabels(workload), ...hash } },
    {
      spec: { nodeName: node.name, serviceAccountName: workload.name },
      status: { phase: 'Running', podIP: ip, podIPs: [{ ip }], hostIP: node.ip },
    },
  );
  const uid = uidOf(cluster.name, owner.kind, `${namespace}/${owner.name}`);
  return {
    ...stored,
    metadata: { ...stored.metadata, ownerReferences: [{ ...owner, uid, controller: true }] },
  };
}

function serviceOf(
  cluster: Cluster,
  { key, name, namespace, ...workload }: DemoWorkload,
  served: readonly ServedPort[],
): readonly Manifest[] {
  const own = served.filter((each) => each.workload === key);
  if (own.length === 0) return [];
  const ports = [...new Map(own.map((each) => [`${each.protocol}-${each.port}`, each]))].map(
    ([portName, { protocol, port }]) => ({
      name: portName,
      protocol: protocol.toUpperCase(),
      port,
      targetPort: port,
    }),
  );
  const selector = { app: podLabels({ name, namespace, ...workload })['app'] };
  return [
    object(
      cluster,
      'Service',
      { name: name === 'coredns' ? 'kube-dns' : name, namespace },
      { spec: { type: 'ClusterIP', selector, ports } },
    ),
  ];
}
