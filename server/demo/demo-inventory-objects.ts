import type { Manifest } from '../core/manifest.ts';
import {
  podLabels,
  type Cluster,
  type DemoNode,
  type DemoPod,
  type DemoWorkload,
} from './cluster.ts';
import { controlledBy, demoObject } from './demo-object.ts';
import { ownerName, workloadObjects } from './demo-workload-objects.ts';
import { NAMESPACE_LABELS } from './inventory.ts';

/** A port that a workload is asked on. */
export type ServedPort = {
  readonly workload: string;
  readonly protocol: string;
  readonly port: number;
};

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
      demoObject(cluster.name, 'Namespace', { name, labels: namespaceLabels(name) }),
    ),
    ...cluster.nodes.map((node) => nodeObject(cluster, node)),
    ...workloads.flatMap((workload) => [
      demoObject(cluster.name, 'ServiceAccount', {
        name: workload.name,
        namespace: workload.namespace,
      }),
      ...serviceOf(cluster, workload, ports),
      ...workloadObjects(cluster, workload),
      ...workload.pods.map((pod) => podObject(cluster, pod)),
    ]),
  ];
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
  return demoObject(
    cluster.name,
    'Node',
    { name, labels: Object.fromEntries(pairs) as Labels },
    { status: { addresses: [{ type: 'InternalIP', address: ip }] } },
  );
}

function podObject({ name: cluster }: Cluster, pod: DemoPod): Manifest {
  const { name, workload, node, ip } = pod;
  const { namespace, kind } = workload;
  const between = ownerName(pod);
  const owner =
    kind === 'Deployment'
      ? { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: between }
      : kind === 'CronJob'
        ? { apiVersion: 'batch/v1', kind: 'Job', name: between }
        : { apiVersion: 'apps/v1', kind, name: workload.name };
  const hash =
    kind === 'Deployment' ? { 'pod-template-hash': between.slice(workload.name.length + 1) } : {};
  return demoObject(
    cluster,
    'Pod',
    {
      ...{ name, namespace, labels: { ...podLabels(workload), ...hash } },
      ownerReferences: controlledBy(cluster, namespace, owner),
    },
    {
      spec: { nodeName: node.name, serviceAccountName: workload.name },
      status: { phase: 'Running', podIP: ip, podIPs: [{ ip }], hostIP: node.ip },
    },
  );
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
    demoObject(
      cluster.name,
      'Service',
      { name: name === 'coredns' ? 'kube-dns' : name, namespace },
      { spec: { type: 'ClusterIP', selector, ports } },
    ),
  ];
}
