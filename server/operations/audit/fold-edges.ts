import type { Edge, SeenAt } from '../../core/edge.ts';
import { dropReason } from '../../core/drop-reasons.ts';
import type { Endpoint, FlowEvent } from '../../core/flow.ts';
import type { TimeWindow } from '../../core/time.ts';
import type { ConnectionRow } from '../../store/connections.ts';
import { clusterOf } from '../why/weigh.ts';
import { edgeEnds, endKey, serverPort } from './edge-ends.ts';
import { rhythmOf } from './rhythm.ts';

/** An edge with the rows that it was made of, in the order in which they came. */
export type FoldedEdge = { readonly edge: Edge; readonly rows: readonly ConnectionRow[] };

export type FoldedEdges = {
  /** By their ids, so that equal rows give equal lists. */
  readonly edges: readonly FoldedEdge[];
  /** Events that tell of no connection, or not who opened it. */
  readonly left: number;
};

const NANOS_PER_HOUR = 3_600_000_000_000n;

/** Buckets of a `ConnectionQuery` whose edges are to have a rhythm: one an hour. */
export const hoursIn = ({ from, to }: TimeWindow): number =>
  Math.max(1, Number((to - from + NANOS_PER_HOUR - 1n) / NANOS_PER_HOUR));

/** Puts together what tells of the same connections: pods of a workload, both reporters, requests and replies. */
export function foldEdges(told: readonly ConnectionRow[]): FoldedEdges {
  const rows = withOwners(told).map(ofAllItsFlows);
  const byEdge = new Map<string, ConnectionRow[]>();
  let left = 0;
  for (const row of rows) {
    if (!tellsWhoOpened(row) || isNoMatterOfPolicy(row)) {
      left += row.events;
      continue;
    }
    const id = edgeId(row);
    const same = byEdge.get(id);
    if (same === undefined) byEdge.set(id, [row]);
    else same.push(row);
  }
  const edges = [...byEdge]
    .map(([id, same]) => ({ edge: edgeOf(id, same), rows: same }))
    .sort((one, other) => (one.edge.id < other.edge.id ? -1 : 1));
  return { edges, left };
}

/** A trace point that does not know whether it saw a reply does not know which end is the server. */
function tellsWhoOpened({ flow }: ConnectionRow): boolean {
  if (flow.event === 'socket') return false;
  return flow.event !== 'trace' || flow.reply !== 'unknown';
}

/** What failed for another reason was neither let through by policies nor stopped by them. */
const isNoMatterOfPolicy = ({ flow: { verdict } }: ConnectionRow): boolean =>
  verdict.kind === 'dropped' && dropReason(verdict.reason).category !== 'policy';

const podKey = ({ cluster, namespace, pod }: Endpoint): string => `${cluster}/${namespace}/${pod}`;

/** The first records of a pod may not name what owns it yet: a later one that does speaks for them. */
function withOwners(rows: readonly ConnectionRow[]): readonly ConnectionRow[] {
  const owners = new Map<string, Pick<Endpoint, 'workload' | 'workloadKind'>>();
  for (const { flow } of rows)
    for (const end of [flow.source, flow.destination])
      if (end.workload !== '' && end.pod !== '') owners.set(podKey(end), end);
  const owned = (end: Endpoint): Endpoint => {
    const owner = end.workload === '' && end.pod !== '' ? owners.get(podKey(end)) : undefined;
    if (owner === undefined) return end;
    return { ...end, workload: owner.workload, workloadKind: owner.workloadKind };
  };
  return rows.map((row) => {
    const { flow } = row;
    const [source, destination] = [owned(flow.source), owned(flow.destination)];
    if (source === flow.source && destination === flow.destination) return row;
    return { ...row, flow: { ...flow, source, destination } };
  });
}

/**
 * A row stands for many flows: what differs between them is not taken from the newest. Requests and client ports would
 * decide by chance what a rule on them says of the rest.
 */
function ofAllItsFlows(row: ConnectionRow): ConnectionRow {
  const { flow } = row;
  const client = flow.reply === 'yes' ? 'destinationPort' : 'sourcePort';
  const isKnown = flow.reply !== 'unknown' && flow[client] !== -1;
  if (flow.l7 === undefined && !isKnown) return row;
  return { ...row, flow: { ...flow, l7: undefined, ...(isKnown && { [client]: -1 }) } };
}

function edgeId({ flow }: ConnectionRow): string {
  const { source, destination } = edgeEnds(flow, clusterOf(flow));
  return `${endKey(source)} > ${endKey(destination)} ${flow.protocol}/${serverPort(flow)}`;
}

function edgeOf(id: string, rows: readonly ConnectionRow[]): Edge {
  const newest = rows.reduce((one, other) => (other.lastAt > one.lastAt ? other : one));
  const hours = [...new Set(rows.flatMap(({ seenIn }) => seenIn))].sort((a, b) => a - b);
  return {
    id,
    ...edgeEnds(newest.flow, clusterOf(newest.flow)),
    protocol: newest.flow.protocol,
    port: serverPort(newest.flow),
    seenAt: seenAt(rows),
    events: eventsOf(rows),
    firstAt: rows.reduce(
      (first, row) => (row.firstAt < first ? row.firstAt : first),
      newest.firstAt,
    ),
    lastAt: newest.lastAt,
    rhythm: rhythmOf(hours),
    example: newest.flow.seq,
  };
}

function seenAt(rows: readonly ConnectionRow[]): SeenAt {
  const sides = new Set(rows.map(({ flow }) => flow.direction));
  if (sides.has('egress') && sides.has('ingress')) return 'both';
  return sides.has('egress') ? 'egress' : sides.has('ingress') ? 'ingress' : 'unknown';
}

/** The kinds of events that count connections come first: traces tell of packets, and a drop of its verdict again. */
const COUNTING: readonly (readonly FlowEvent[])[] = [
  ['policy-verdict', 'flow-log'],
  ['drop', 'trace', 'l7', 'capture', 'unknown'],
];

function eventsOf(rows: readonly ConnectionRow[]): Edge['events'] {
  for (const kinds of COUNTING) {
    const counted = rows.filter(({ flow }) => kinds.includes(flow.event));
    if (counted.length === 0) continue;
    const sides = Map.groupBy(counted, ({ flow }) => flow.direction);
    const sums = [...sides.values()].map(sumOf);
    return sums.reduce((one, other) => (total(other) > total(one) ? other : one));
  }
  return { allowed: 0, denied: 0, audited: 0 };
}

function sumOf(rows: readonly ConnectionRow[]): Edge['events'] {
  const sums = { allowed: 0, denied: 0, audited: 0 };
  for (const { flow, events } of rows) {
    if (flow.verdict.kind === 'allowed') sums.allowed += events;
    if (flow.verdict.kind === 'dropped') sums.denied += events;
    if (flow.verdict.kind === 'audit') sums.audited += events;
  }
  return sums;
}

const total = ({ allowed, denied, audited }: Edge['events']): number => allowed + denied + audited;
