import { nanos, NANOS_PER_SECOND, type EpochNanos, type TimeWindow } from '../core/time.ts';
import {
  getNamespacesResponse,
  getNodesResponse,
  serverStatusResponse,
  type HubbleNode,
} from '../sources/hubble-proto.ts';
import type { ObserverParts } from './parts.ts';

const HOUR = 3_600n * NANOS_PER_SECOND;
/** A node that told nothing for so long may be quiet, or gone: nobody knows. */
const CONNECTED = 300n * NANOS_PER_SECOND;
const MAX_UNAVAILABLE = 10;
const MAX_NODES = 5_000;
const MAX_NAMESPACES = 10_000;

const unavailableNodes = ({ writer }: ObserverParts): readonly string[] => [
  ...new Set(writer.statuses().flatMap(({ nodes }) => nodes?.unavailable ?? [])),
];

/** Hubble's counts, of the store: what is kept has no other limit than retention's, so that current is the most. */
export async function serverStatus(parts: ObserverParts, startedAt: bigint): Promise<Buffer> {
  const { reader, writer, clock, version } = parts;
  const statuses = writer.statuses();
  const oldest = await reader.page({ where: undefined }, { limit: 1, order: 'oldest' });
  const first = oldest.flows[0]?.seq;
  const kept = String(first === undefined ? 0 : oldest.head - first + 1);
  const unavailable = unavailableNodes(parts);
  const relays = statuses.flatMap(({ nodes }) => nodes ?? []);
  return serverStatusResponse.encode({
    num_flows: kept,
    max_flows: kept,
    seen_flows: String(oldest.head),
    uptime_ns: String(clock.now() - startedAt),
    ...(relays.length === 0
      ? {}
      : {
          num_connected_nodes: relays.reduce((sum, { connected }) => sum + connected, 0),
          num_unavailable_nodes: unavailable.length,
          unavailable_nodes: unavailable.slice(0, MAX_UNAVAILABLE),
        }),
    version: `Dropwise ${version}`,
    flows_rate: statuses.reduce((sum, { ratePerSecond }) => sum + ratePerSecond, 0),
  });
}

/** The last hour of what is stored: of an imported capture nothing is newer. */
async function lastHour({ reader, clock }: ObserverParts): Promise<TimeWindow | undefined> {
  const span = await reader.span();
  if (span === undefined) return undefined;
  const now = clock.now();
  const newest = span.to < now ? span.to : now;
  return { from: nanos(newest - HOUR), to: nanos(newest + 1n) };
}

/** Nodes that told flows in the last hour, and those that a relay says it cannot reach. */
export async function nodes(parts: ObserverParts): Promise<Buffer> {
  const window = await lastHour(parts);
  const unavailable = new Set(unavailableNodes(parts));
  const seen =
    window === undefined
      ? []
      : (
          await parts.reader.summarize({
            ...{ where: undefined, within: window, by: ['node'], buckets: 1, top: MAX_NODES },
          })
        ).rows;
  const now = nanos(parts.clock.now());
  const found = new Map<string, HubbleNode>();
  for (const { keys, lastAt } of seen) {
    const [name = ''] = keys ?? [];
    if (name !== '') found.set(name, { name, ...stateOf(lastAt, now) });
  }
  for (const name of unavailable) found.set(name, { name, state: 'NODE_UNAVAILABLE' });
  return getNodesResponse.encode({
    nodes: [...found.values()].sort((one, other) => compare(one.name, other.name)),
  });
}

function stateOf(lastAt: EpochNanos | undefined, now: EpochNanos): Pick<HubbleNode, 'state'> {
  return lastAt !== undefined && now - lastAt < CONNECTED ? { state: 'NODE_CONNECTED' } : {};
}

/** Namespaces of either end of a flow of the last hour. */
export async function namespaces(parts: ObserverParts): Promise<Buffer> {
  const within = await lastHour(parts);
  const found = new Map<string, { cluster: string; namespace: string }>();
  const sides = within === undefined ? [] : ['from', 'to'].map((side) => ({ side, within }));
  for (const { side, within } of sides) {
    const { rows } = await parts.reader.summarize({
      where: undefined,
      within,
      by: [`${side}.cluster`, `${side}.ns`],
      buckets: 1,
      top: MAX_NAMESPACES,
    });
    for (const { keys } of rows) {
      const [cluster = '', namespace = ''] = keys ?? [];
      if (namespace !== '') found.set(`${cluster}/${namespace}`, { cluster, namespace });
    }
  }
  return getNamespacesResponse.encode({
    namespaces: [...found.values()].sort(
      (one, other) =>
        compare(one.cluster, other.cluster) || compare(one.namespace, other.namespace),
    ),
  });
}

const compare = (one = '', other = ''): number => (one < other ? -1 : one > other ? 1 : 0);
