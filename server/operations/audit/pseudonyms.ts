import { createHash } from 'node:crypto';
import type { SeenObject } from '../../core/inventory.ts';
import type { Endpoint, StoredFlow } from '../../core/flow.ts';
import { isRecord, type Manifest } from '../../core/manifest.ts';
import type { Recorded } from './recorded.ts';
import type { Sample } from './sample-file.ts';

const short = (text: string): string =>
  createHash('sha256').update(text).digest('hex').slice(0, 10);

const podName = (namespace: string, pod: string): string =>
  pod === '' || pod.endsWith('*') ? pod : `pod-${short(`${namespace}/${pod}`)}`;

const nodeName = (node: string): string => {
  const [cluster, ...name] = node.split('/');
  return name.length === 0
    ? `node-${short(node)}`
    : `${cluster ?? ''}/node-${short(name.join('/'))}`;
};

/**
 * A sample in which pods and nodes have other names: what policies do not look at. Namespaces, workloads, labels,
 * addresses and DNS names stay, since without them nothing could be weighed.
 */
export function withPseudonyms({ recorded, objects }: Sample): Sample {
  return { recorded: renamed(recorded), objects: objects.map(renamedObject) };
}

function renamed(recorded: Recorded): Recorded {
  return {
    ...recorded,
    clusters: recorded.clusters.map((cluster) => ({
      ...cluster,
      edges: cluster.edges.map(({ edge, rows }) => ({
        edge,
        rows: rows.map((row) => ({ ...row, flow: renamedFlow(row.flow) })),
      })),
    })),
  };
}

const renamedFlow = (flow: StoredFlow): StoredFlow => ({
  ...flow,
  node: flow.node === '' ? '' : nodeName(flow.node),
  source: renamedEnd(flow.source),
  destination: renamedEnd(flow.destination),
});

const renamedEnd = (end: Endpoint): Endpoint => {
  const pod = podName(end.namespace, end.pod);
  // What nothing owns is known by its own name.
  const workload = end.workload === end.pod ? pod : end.workload;
  return { ...end, pod, workload, name: end.kind === 'host' ? nodeName(end.name) : end.name };
};

function renamedObject(object: SeenObject): SeenObject {
  const { key, manifest } = object;
  switch (key.kind) {
    case 'Pod':
      return called(object, podName(key.namespace, key.name), withSpec(manifest, podPlace));
    case 'Node':
      return called(object, nodeName(key.name), nodeOf(manifest));
    case 'HostEndpoint':
      return { ...object, manifest: withSpec(manifest, hostPlace) };
    case 'EndpointSlice':
      return { ...object, manifest: { ...manifest, endpoints: endpointsOf(manifest) } };
    default:
      return object;
  }
}

const called = ({ key, hash }: SeenObject, name: string, manifest: Manifest): SeenObject => ({
  key: { ...key, name },
  manifest: { ...manifest, metadata: { ...manifest.metadata, name } },
  hash,
});

type Fields = Readonly<Record<string, unknown>>;

const withSpec = (manifest: Manifest, change: (spec: Fields) => Fields): Manifest =>
  isRecord(manifest['spec']) ? { ...manifest, spec: change(manifest['spec']) } : manifest;

const renamedNode = (spec: Fields, field: string): Fields =>
  typeof spec[field] === 'string' ? { [field]: nodeName(spec[field]) } : {};

const without = (fields: Fields, name: string): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([field]) => field !== name));

/** A StatefulSet gives its pods their names as host names. */
const podPlace = (spec: Fields): Fields => ({
  ...without(spec, 'hostname'),
  ...renamedNode(spec, 'nodeName'),
});

const hostPlace = (spec: Fields): Fields => ({ ...spec, ...renamedNode(spec, 'node') });

/** Without what its provider calls it, and with its IP addresses only. */
function nodeOf(manifest: Manifest): Manifest {
  const { status } = manifest;
  const told: readonly unknown[] =
    isRecord(status) && Array.isArray(status['addresses']) ? status['addresses'] : [];
  const addresses = told.filter((each) => isRecord(each) && /IP$/.test(String(each['type'])));
  return {
    ...withSpec(manifest, (spec) => without(spec, 'providerID')),
    status: { addresses },
  };
}

/** Only the addresses are weighed; the rest of an endpoint names its pod and node. */
function endpointsOf(manifest: Manifest): readonly unknown[] {
  const endpoints: unknown = manifest['endpoints'];
  const list: readonly unknown[] = Array.isArray(endpoints) ? endpoints : [];
  return list.map((each) => (isRecord(each) ? { addresses: each['addresses'] } : each));
}
