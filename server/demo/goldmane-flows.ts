import type { JsonObject } from '../sources/json-value.ts';
import { parsePolicyString } from '../sources/decode/calico-policy.ts';
import { countersOf, isDenied, sidesOf, type Side } from './calico-lines.ts';
import {
  dns,
  egress,
  outside,
  pod,
  profile,
  tcp,
  THREAT,
  type CalicoEdge,
  type CalicoEnd,
} from './calico-traffic.ts';
import { getWorkload, podLabels, type Cluster } from './cluster.ts';
import { createRandom, mixSeed, type Random } from './random.ts';

export const BUCKET_SECONDS = 15;

/**
 * What happens on the nodes of `demo-west` that are read through Goldmane: those of developers. The flow log tells
 * nothing of it, so nothing on the page is there twice.
 */
const DEV_NODES: readonly CalicoEdge[] = [
  tcp(outside('198.51.100.90'), pod('dev/sandbox-web'), 8080, 0.6, { ingress: [profile('dev')] }),
  tcp(pod('dev/ci-runner'), pod('dev/sandbox-api'), 8080, 0.8, {
    egress: egress(profile('dev')),
    ingress: [profile('dev')],
    service: { name: 'sandbox-api', namespace: 'dev', port: 80, portName: 'http' },
  }),
  tcp(pod('dev/sandbox-api'), outside('203.0.113.40'), 443, 0.5, {
    egress: egress(profile('dev')),
  }),
  {
    ...tcp(pod('dev/sandbox-web'), pod('kube-system/coredns'), 53, 0.5, { egress: dns }),
    protocol: 'udp',
  },
  tcp(pod('dev/debug-shell'), THREAT, 443, 0.06, {
    egress: ['security|gnp:security.block-bad-networks|deny|0'],
  }),
  tcp(pod('dev/sandbox-api'), THREAT, 80, 0.03, {
    egress: ['security|gnp:security.block-bad-networks|deny|0'],
  }),
];

/** Flows of the bucket that begins at `start`, in the JSON form of their message. The same seed gives the same. */
export function goldmaneFlows(
  cluster: Cluster,
  seed: number,
  start: number,
): readonly JsonObject[] {
  return DEV_NODES.flatMap((edge, index) => {
    const random = createRandom(mixSeed(seed, start, 1_000 + index));
    const exact = edge.rate * BUCKET_SECONDS * (0.7 + random.unit() * 0.6);
    const flows = Math.floor(exact) + (random.chance(exact % 1) ? 1 : 0);
    if (flows === 0) return [];
    return sidesOf(edge).map((side) => flowOf({ cluster, edge, side, start, flows, random }));
  });
}

type FlowInput = {
  readonly cluster: Cluster;
  readonly edge: CalicoEdge;
  readonly side: Side;
  readonly start: number;
  readonly flows: number;
  readonly random: Random;
};

function flowOf({ cluster, edge, side, start, flows, random }: FlowInput): JsonObject {
  const trace = (side === 'src' ? edge.egress : edge.ingress) ?? [];
  const denied = isDenied(trace);
  const counters = countersOf(side, denied, flows, random);
  const text = (name: string): string => String(counters[name]);
  const [source, destination] = [endOf(cluster, edge.from), endOf(cluster, edge.to)];
  const hits = trace.map(hitOf);
  const service = side === 'src' ? edge.service : undefined;
  return {
    Key: {
      ...{ source_name: source.name, source_namespace: source.namespace, source_type: source.type },
      ...{ dest_name: destination.name, dest_namespace: destination.namespace },
      ...{ dest_type: destination.type, dest_port: String(edge.port), proto: edge.protocol },
      dest_service_name: service?.name ?? '-',
      dest_service_namespace: service?.namespace ?? '-',
      dest_service_port_name: service?.portName ?? '-',
      ...(service === undefined ? {} : { dest_service_port: String(service.port) }),
      reporter: side === 'src' ? 'Src' : 'Dst',
      action: denied ? 'Deny' : 'Allow',
      policies: { enforced_policies: hits, pending_policies: hits },
    },
    start_time: String(start),
    end_time: String(start + BUCKET_SECONDS),
    source_labels: source.labels,
    dest_labels: destination.labels,
    packets_in: text('packets_in'),
    packets_out: text('packets_out'),
    bytes_in: text('bytes_in'),
    bytes_out: text('bytes_out'),
    num_connections_started: text('num_flows_started'),
    num_connections_completed: text('num_flows_completed'),
    num_connections_live: text('num_flows'),
  };
}

type End = {
  readonly name: string;
  readonly namespace: string;
  readonly type: string;
  readonly labels: string[];
};

function endOf(cluster: Cluster, end: CalicoEnd): End {
  if (end.kind === 'net') return { name: end.name, namespace: '-', type: 'Network', labels: [] };
  if (end.kind === 'networkSet') {
    const { name, namespace, labels } = end;
    return { name, namespace, type: 'NetworkSet', labels: [...labels] };
  }
  const workload = getWorkload(cluster, end.key);
  return {
    name: workload.pods[0]?.aggregateName ?? '*',
    namespace: workload.namespace,
    type: 'WorkloadEndpoint',
    labels: Object.entries(podLabels(workload)).map(([key, value]) => `${key}=${value}`),
  };
}

const ACTIONS = { allow: 'Allow', deny: 'Deny', pass: 'Pass' } as const;

/** The traffic table says hits as flow logs do; Goldmane says them in parts. */
function hitOf(text: string, index: number): JsonObject {
  const parsed = parsePolicyString(`${index}|${text}`);
  if (parsed === undefined) throw new RangeError(`no policy string: ${text}`);
  const { kind, namespace, name, tier, action, ruleIndex } = parsed;
  const place = { policy_index: String(index), rule_index: String(ruleIndex) };
  return { kind, namespace, name, tier, action: ACTIONS[action], ...place };
}
