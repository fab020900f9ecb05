import type { FlowFields, StoredFlow } from '../../server/core/flow.ts';
import { compileQuery } from '../../server/query/compile.ts';
import { matches } from '../../server/query/match.ts';
import type { ConnectionRow, Connections } from '../../server/store/connections.ts';
import type { ConnectionQuery } from '../../server/store/flow-store.ts';

/** What the contract of `connections` says, written as plainly as can be. */
export function connectionsInMemory(
  flows: readonly StoredFlow[],
  query: ConnectionQuery,
): Pick<Connections, 'rows' | 'untold'> {
  const { within, asOf = Infinity, afterSeq = 0, limit } = query;
  const matching = flows
    .filter(matches(compileQuery(query.where)))
    .filter(({ observedAt }) => observedAt >= within.from && observedAt < within.to)
    .filter(({ seq }) => seq <= asOf && seq > afterSeq)
    .toSorted((one, other) => other.seq - one.seq);
  const groups = [...Map.groupBy(matching, keyOf).values()];
  const untold = groups.slice(limit).flat();
  return {
    rows: groups.slice(0, limit).map((group) => rowOf(group, query)),
    untold: { records: untold.length, events: eventsOf(untold) },
  };
}

const eventsOf = (flows: readonly StoredFlow[]): number =>
  flows.reduce((sum, { counts }) => sum + counts.events, 0);

function rowOf(group: readonly StoredFlow[], query: ConnectionQuery): ConnectionRow {
  const { from, to } = query.within;
  const bucketOf = ({ observedAt }: StoredFlow) =>
    Number(((observedAt - from) * BigInt(query.buckets)) / (to - from));
  const times = group.map(({ observedAt }) => observedAt).sort((a, b) => (a < b ? -1 : 1));
  const buckets = [...Map.groupBy(group, bucketOf)].sort(([a], [b]) => a - b);
  return {
    flow: group[0]!,
    records: group.length,
    events: eventsOf(group),
    firstAt: times[0]!,
    lastAt: times.at(-1)!,
    seenIn: buckets.map(([bucket]) => bucket),
    eventsIn: buckets.map(([, seen]) => eventsOf(seen)),
  };
}

function keyOf(flow: FlowFields): string {
  const end = (side: 'source' | 'destination') =>
    flow[side].kind === 'workload'
      ? [flow[side]]
      : [flow[side], flow[`${side}Ip`], flow[`${side}Names`]];
  const { protocol, direction, reply, verdict, event, hits, node } = flow;
  const port = reply === 'yes' ? flow.sourcePort : flow.destinationPort;
  const cluster = /^(.*?)\//.exec(node)?.[1] ?? '';
  const manner = { protocol, port, direction, reply, verdict, event, hits, cluster };
  return JSON.stringify([end('source'), end('destination'), manner]);
}
