import type { Endpoint, EndpointKind } from '../../core/flow.ts';
import { pickUint32, pickObjects, pickText, pickTexts, type LooseObject } from './loose-json.ts';

type Named = { readonly kind: EndpointKind; readonly name: string };

/** Reserved labels, most specific first: an API server outside the cluster is `world` as well. */
const RESERVED: readonly (readonly [string, EndpointKind])[] = [
  ['kube-apiserver', 'host'],
  ['host', 'host'],
  ['remote-node', 'host'],
  ['ingress', 'host'],
  ['health', 'host'],
  ['encrypted-overlay', 'host'],
  ['unmanaged', 'unknown'],
  ['init', 'unknown'],
  ['world-ipv4', 'network'],
  ['world-ipv6', 'network'],
  ['world', 'network'],
];

/** Reserved identity numbers, for records that carry no labels. */
const RESERVED_IDENTITY: Readonly<Record<number, string>> = {
  1: 'host',
  2: 'world',
  3: 'unmanaged',
  4: 'health',
  5: 'init',
  6: 'remote-node',
  7: 'kube-apiserver',
  8: 'ingress',
  9: 'world-ipv4',
  10: 'world-ipv6',
  11: 'encrypted-overlay',
};

const CLUSTER_LABEL = 'k8s:io.cilium.k8s.policy.cluster=';
const UNKNOWN: Named = { kind: 'unknown', name: '' };

/**
 * An endpoint of a Hubble record (reference/hubble.md 2.3, 5.8). What it is follows from its labels and not
 * from its number, because numbers from 2^24 up mean different things on different nodes.
 */
export function hubbleEndpoint(end: LooseObject | undefined): Endpoint {
  const labels = pickTexts(end, 'labels');
  const namespace = pickText(end, 'namespace');
  const pod = pickText(end, 'pod_name');
  const identity = pickUint32(end, 'identity') ?? 0;
  const [workload] = pickObjects(end, 'workloads');
  const workloadName = pickText(workload, 'name');
  const isPod = pod !== '' || workloadName !== '';
  const { kind, name } = isPod
    ? ({ kind: 'workload', name: '' } as const)
    : (fromLabels(labels) ?? fromRest(namespace, identity));
  return {
    kind,
    cluster: pickText(end, 'cluster_name') || clusterOf(labels),
    namespace,
    pod,
    workload: workloadName,
    workloadKind: pickText(workload, 'kind'),
    name,
    identity,
    labels,
  };
}

function clusterOf(labels: readonly string[]): string {
  const label = labels.find((text) => text.startsWith(CLUSTER_LABEL));
  return label === undefined ? '' : label.slice(CLUSTER_LABEL.length);
}

function fromLabels(labels: readonly string[]): Named | undefined {
  const reserved = new Set<string>();
  for (const label of labels) if (label.startsWith('reserved:')) reserved.add(label.slice(9));
  for (const [name, kind] of RESERVED) {
    if (!reserved.has(name)) continue;
    if (kind === 'network') return { kind, name: networkName(labels) || name };
    const outside = name === 'kube-apiserver' && isWorld(reserved);
    return { kind: outside ? 'network' : kind, name };
  }
  const name = networkName(labels);
  return name === '' ? undefined : { kind: 'network', name };
}

function isWorld(reserved: ReadonlySet<string>): boolean {
  return reserved.has('world') || reserved.has('world-ipv4') || reserved.has('world-ipv6');
}

/** The narrowest `cidr:` label, with the colons of IPv6 that labels write as dashes; else the `fqdn:` one. */
function networkName(labels: readonly string[]): string {
  let name = '';
  let narrowest = -1;
  for (const label of labels) {
    if (!label.startsWith('cidr:')) continue;
    const text = label.slice(5);
    const cidr = text.includes('.') ? text : text.replaceAll('-', ':');
    const length = Number(cidr.slice(cidr.indexOf('/') + 1));
    if (cidr.includes('/') && length > narrowest) {
      narrowest = length;
      name = cidr;
    }
  }
  if (name !== '') return name;
  return labels.find((label) => label.startsWith('fqdn:'))?.slice(5) ?? '';
}

function fromRest(namespace: string, identity: number): Named {
  const reserved = RESERVED_IDENTITY[identity];
  const row = RESERVED.find(([name]) => name === reserved);
  if (row !== undefined) return { kind: row[1], name: row[0] };
  return namespace === '' ? UNKNOWN : { kind: 'workload', name: '' };
}
