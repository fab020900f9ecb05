import { WEST_TRAFFIC, type CalicoEdge, type CalicoEnd } from './calico-traffic.ts';
import { createCluster, getWorkload, podLabels, type Cluster, type DemoPod } from './cluster.ts';
import { WEST } from './inventory.ts';
import { createRandom, mixSeed, type Random } from './random.ts';

/** An export interval of the flow log, in seconds since 1970. */
export type CalicoInterval = { readonly from: number; readonly to: number };

export type CalicoLog = {
  readonly cluster: Cluster;
  /** Lines of one interval, without line ends. The same seed and interval give the same lines. */
  linesOf(interval: CalicoInterval): readonly string[];
};

export type Side = 'src' | 'dst';
type Fields = Readonly<Record<string, unknown>>;

const indexed = (hits: readonly string[]): string[] => hits.map((hit, index) => `${index}|${hit}`);

export const isDenied = (hits: readonly string[] | undefined): boolean =>
  hits?.at(-1)?.split('|')[2] === 'deny';

/** Felix writes a flow at the denied level when any of its hits denies, staged ones too. */
const isDetailed = ({ egress, ingress, pendingEgress }: CalicoEdge, side: Side): boolean =>
  side === 'src' ? isDenied(egress) || isDenied(pendingEgress) : isDenied(ingress);

function podFields(
  prefix: string,
  { workload, name, aggregateName, ip }: DemoPod,
  detailed: boolean,
): Fields {
  const labels = Object.entries(podLabels(workload)).map(([key, value]) => `${key}=${value}`);
  return {
    [`${prefix}_ip`]: detailed ? ip : null,
    [`${prefix}_name`]: detailed ? name : '-',
    [`${prefix}_name_aggr`]: aggregateName,
    [`${prefix}_namespace`]: workload.namespace,
    [`${prefix}_type`]: 'wep',
    [`${prefix}_labels`]: { labels },
  };
}

function endFields(
  prefix: string,
  end: CalicoEnd,
  pod: DemoPod | undefined,
  detailed: boolean,
): Fields {
  if (pod !== undefined) return podFields(prefix, pod, detailed);
  if (end.kind === 'workload') return {};
  const set = end.kind === 'networkSet' ? end : undefined;
  return {
    [`${prefix}_ip`]: detailed ? end.ip : null,
    [`${prefix}_name`]: '-',
    [`${prefix}_name_aggr`]: end.name,
    [`${prefix}_namespace`]: set?.namespace ?? '-',
    [`${prefix}_type`]: set === undefined ? 'net' : 'ns',
    [`${prefix}_labels`]: set === undefined ? null : { labels: set.labels },
  };
}

/** The source reports what it passes on; the destination sees only what arrives. */
export function sidesOf(edge: CalicoEdge): readonly Side[] {
  const sides: Side[] = [];
  if (edge.egress !== undefined) sides.push('src');
  if (edge.ingress !== undefined && !isDenied(edge.egress)) sides.push('dst');
  return sides;
}

export function countersOf(side: Side, denied: boolean, flows: number, random: Random): Fields {
  const asked = denied ? flows * (1 + random.below(4)) : flows * (5 + random.below(4));
  const answered = denied ? 0 : flows * (4 + random.below(4));
  const askedBytes = denied ? asked * 60 : asked * (80 + random.below(300));
  const answeredBytes = answered * (120 + random.below(900));
  // in and out are those of the reporting pod: at the destination requests come in.
  const [packetsIn, packetsOut] = side === 'dst' ? [asked, answered] : [answered, asked];
  const [bytesIn, bytesOut] =
    side === 'dst' ? [askedBytes, answeredBytes] : [answeredBytes, askedBytes];
  return {
    bytes_in: bytesIn,
    bytes_out: bytesOut,
    num_flows: flows,
    num_flows_started: flows,
    num_flows_completed: denied ? flows : Math.max(0, flows - random.below(3)),
    packets_in: packetsIn,
    packets_out: packetsOut,
  };
}

const NOT_COLLECTED: Fields = {
  http_requests_allowed_in: 0,
  http_requests_denied_in: 0,
  process_name: '-',
  num_process_names: 0,
  process_id: '-',
  num_process_ids: 0,
  process_args: ['-'],
  num_process_args: 0,
  original_source_ips: null,
  num_original_source_ips: 0,
  tcp_mean_send_congestion_window: 0,
  tcp_min_send_congestion_window: 0,
  tcp_mean_smooth_rtt: 0,
  tcp_max_smooth_rtt: 0,
  tcp_mean_min_rtt: 0,
  tcp_max_min_rtt: 0,
  tcp_mean_mss: 0,
  tcp_min_mss: 0,
  tcp_total_retransmissions: 0,
  tcp_lost_packets: 0,
  tcp_unrecovered_to: 0,
};

function policiesOf(edge: CalicoEdge, side: Side): Fields {
  const enforced = indexed((side === 'src' ? edge.egress : edge.ingress) ?? []);
  const pending =
    side === 'src' && edge.pendingEgress !== undefined ? indexed(edge.pendingEgress) : enforced;
  const all = [...new Set([...enforced, ...pending])];
  return { all_policies: all, enforced_policies: enforced, pending_policies: pending };
}

function serviceOf({ service }: CalicoEdge, side: Side, detailed: boolean): Fields {
  // The service is known where the client's node translates its address.
  const known = side === 'src' && !detailed ? service : undefined;
  return {
    dest_service_namespace: known?.namespace ?? '-',
    dest_service_name: known?.name ?? '-',
    dest_service_port: known?.portName ?? '-',
    dest_service_port_num: known?.port ?? null,
  };
}

type LineInput = {
  readonly edge: CalicoEdge;
  readonly side: Side;
  readonly interval: CalicoInterval;
  readonly flows: number;
  readonly client: DemoPod | undefined;
  readonly server: DemoPod | undefined;
  readonly random: Random;
};

function line({ edge, side, interval, flows, client, server, random }: LineInput): string {
  const denied = isDenied(side === 'src' ? edge.egress : edge.ingress);
  const detailed = isDetailed(edge, side);
  return JSON.stringify({
    start_time: interval.from,
    end_time: interval.to,
    ...endFields('source', edge.from, client, detailed),
    source_port: null,
    nat_outgoing_ports: null,
    ...endFields('dest', edge.to, server, detailed),
    dest_port: edge.port,
    ...serviceOf(edge, side, detailed),
    dest_domains: side === 'src' ? (edge.domains ?? null) : null,
    proto: edge.protocol,
    action: denied ? 'deny' : 'allow',
    reporter: side,
    policies: policiesOf(edge, side),
    ...countersOf(side, denied, flows, random),
    ...NOT_COLLECTED,
  });
}

/** The flow log of `demo-west`: allowed flows aggregated to pod prefixes, denied ones to pods and addresses. */
export function createCalicoLog(seed: number): CalicoLog {
  const cluster = createCluster({
    name: 'demo-west',
    seed,
    nodeCount: 3,
    specs: WEST,
    addressBlock: 48,
  });
  const podOf = (end: CalicoEnd, random: Random): DemoPod | undefined =>
    end.kind === 'workload' ? random.pick(getWorkload(cluster, end.key).pods) : undefined;
  return {
    cluster,
    linesOf(interval) {
      const lines: string[] = [];
      for (const [index, edge] of WEST_TRAFFIC.entries()) {
        const random = createRandom(mixSeed(seed, interval.from, index));
        const exact = edge.rate * (interval.to - interval.from) * (0.7 + random.unit() * 0.6);
        const flows = Math.floor(exact) + (random.chance(exact % 1) ? 1 : 0);
        if (flows === 0) continue;
        const client = podOf(edge.from, random);
        const server = podOf(edge.to, random);
        for (const side of sidesOf(edge)) {
          lines.push(line({ edge, side, interval, flows, client, server, random }));
        }
      }
      return lines;
    },
  };
}
