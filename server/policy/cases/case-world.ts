import type {
  ClusterFacts,
  DataplaneSettings,
  Labels,
  NodeParty,
  PodParty,
  ServiceFacts,
} from '../facts.ts';
import { ASSUMED_SETTINGS } from '../engine-builder.ts';
import { labelsOf } from '../labels.ts';
import type { CaseCluster, CasePod, CaseSettings } from './case-file.ts';

/** What a case says of its cluster. It says all there is: what it does not name is not there. */
export function caseFacts(cluster: CaseCluster): ClusterFacts {
  const pods = (cluster.pods ?? []).map(listedPod);
  return {
    namespaces: new Map((cluster.namespaces ?? []).map((each) => [each.name, labels(each)])),
    pods: new Map(pods.map((pod) => [`${pod.namespace}/${pod.name}`, pod])),
    nodes: nodesOf(cluster, pods),
    services: (cluster.services ?? []).map(serviceFacts),
    serviceAccounts: new Map(
      (cluster.serviceAccounts ?? []).map((each) => [
        `${each.namespace}/${each.name}`,
        labels(each),
      ]),
    ),
    dns: cluster.dns && new Map(cluster.dns.map(({ name, ips }) => [name, ips])),
    apiServerIps: cluster.apiServerIPs ?? [],
  };
}

/** Settings of the agents as a case has them, with those that it leaves out as their defaults. */
export const caseSettings = (settings: CaseSettings = {}): DataplaneSettings => ({
  policyEnforcementMode: settings.policyEnforcementMode ?? ASSUMED_SETTINGS.policyEnforcementMode,
  policyCidrMatchMode: settings.policyCIDRMatchMode ?? ASSUMED_SETTINGS.policyCidrMatchMode,
  hostFirewall: settings.hostFirewall ?? ASSUMED_SETTINGS.hostFirewall,
  nodeSelectorLabels: settings.nodeSelectorLabels ?? ASSUMED_SETTINGS.nodeSelectorLabels,
  clusterNetworkPolicy: settings.clusterNetworkPolicy ?? ASSUMED_SETTINGS.clusterNetworkPolicy,
  clusterName: settings.clusterName ?? ASSUMED_SETTINGS.clusterName,
});

/** A pod that only a record knows: what the record lacks is not known. */
export const recordedPod = (pod: CasePod): PodParty => ({
  ...podParty(pod),
  labels: labelsOf(pod.labels ?? {}, pod.labels !== undefined),
  ports: pod.ports ? namedPorts(pod.ports) : undefined,
  node: pod.node,
  serviceAccount: pod.serviceAccount,
});

function listedPod(pod: CasePod): PodParty {
  const party = podParty(pod);
  // Pods on the network of a node that is not named do not all share one.
  const isAlone = party.hostNetwork === true && party.node === '';
  return isAlone ? { ...party, node: `host of ${pod.namespace}/${pod.name}` } : party;
}

const podParty = (pod: CasePod): PodParty => ({
  kind: 'pod',
  namespace: pod.namespace,
  name: pod.name,
  labels: labels(pod),
  ips: pod.ips,
  ports: pod.ports === null ? undefined : namedPorts(pod.ports ?? []),
  node: pod.node ?? '',
  hostNetwork: pod.hostNetwork ?? false,
  serviceAccount: pod.serviceAccount ?? 'default',
});

const namedPorts = (ports: CasePod['ports'] & {}): NonNullable<PodParty['ports']> =>
  ports.flatMap(({ name, port, protocol }) =>
    name === undefined || typeof port !== 'number' ? [] : [{ name, port, protocol }],
  );

const labels = (each: { readonly labels?: Readonly<Record<string, string>> | undefined }): Labels =>
  labelsOf(each.labels ?? {});

/** Those that are listed, and those that only pods name. */
function nodesOf(
  { nodes = [] }: CaseCluster,
  pods: readonly PodParty[],
): ReadonlyMap<string, NodeParty> {
  const listed = nodes.map((node): [string, NodeParty] => [
    node.name,
    { kind: 'node', name: node.name, labels: labels(node), ips: node.ips },
  ]);
  const named = [...new Set(pods.flatMap(({ node }) => node || []))].map(
    (name): [string, NodeParty] => {
      const sharing = pods.filter((pod) => pod.hostNetwork === true && pod.node === name);
      const ips = [...new Set(sharing.flatMap((pod) => pod.ips))];
      return [name, { kind: 'node', name, labels: labelsOf({}), ips }];
    },
  );
  return new Map([...named, ...listed]);
}

const serviceFacts = (service: NonNullable<CaseCluster['services']>[number]): ServiceFacts => ({
  namespace: service.namespace,
  name: service.name,
  labels: labels(service),
  clusterIps: service.clusterIPs,
  selector: service.selector ? new Map(Object.entries(service.selector)) : undefined,
  endpoints: service.endpoints ?? [],
  ports: service.ports.map(({ port, targetPort = port, protocol }) => ({
    port,
    targetPort,
    protocol,
  })),
});
