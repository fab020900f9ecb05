/** Of one table of columns are made the text that the peers load and what they are told to keep. */
import { closeSync, openSync, writeSync } from 'node:fs';
import type { Endpoint, Flow, FlowCounts, PolicyHit } from '../../../server/core/flow.ts';
import { makeFlows } from './flows.ts';

/** What the peers keep in one column, in their words for its type. */
type Column = { readonly name: string; readonly clickHouse: string; readonly duckDb: string };
/** A column, and how it is read of that part of a flow which it is about. */
type Read<V> = readonly [Column, (part: V) => string | number | bigint];
/** Columns of one part of a flow, and their cells as text. */
type Part = { readonly columns: readonly Column[]; readonly cells: (flow: Seen) => string };
type Seen = Omit<Flow, 'raw'>;

const typed =
  (clickHouse: string, duckDb: string) =>
  <V>(name: string, read: Read<V>[1]): Read<V> => [{ name, clickHouse, duckDb }, read];
const text = typed('LowCardinality(String)', 'VARCHAR');
/** Nanoseconds; the differences of neighbors compress best. */
const time = typed('Int64 CODEC(Delta, ZSTD(1))', 'BIGINT');
const uuid = typed('UUID', 'UUID');
const identity = typed('UInt32', 'UINTEGER');
const port = typed('UInt16', 'USMALLINT');
const count = typed('Int64', 'BIGINT');

const columnsOf = <V>(reads: readonly Read<V>[]) => reads.map(([column]) => column);
const cellsOf = <V>(part: V, reads: readonly Read<V>[]): string =>
  reads.map(([, read]) => read(part)).join('\t');

const own = (...reads: readonly Read<Seen>[]): Part => ({
  columns: columnsOf(reads),
  cells: (flow) => cellsOf(flow, reads),
});

/** Of what many flows share; its text is made once. */
function shared<V extends object>(part: (flow: Seen) => V, reads: readonly Read<V>[]): Part {
  const known = new WeakMap<V, string>();
  return {
    columns: columnsOf(reads),
    cells(flow) {
      const value = part(flow);
      let cells = known.get(value);
      if (cells === undefined) known.set(value, (cells = cellsOf(value, reads)));
      return cells;
    },
  };
}

const ofEnd = (side: 'source' | 'destination'): readonly Part[] => [
  shared<Endpoint>(
    (flow) => flow[side],
    [
      text(`${side}_kind`, ({ kind }) => kind),
      text(`${side}_cluster`, ({ cluster }) => cluster),
      text(`${side}_namespace`, ({ namespace }) => namespace),
      text(`${side}_pod`, ({ pod }) => pod),
      text(`${side}_workload`, ({ workload }) => workload),
      text(`${side}_workload_kind`, ({ workloadKind }) => workloadKind),
      text(`${side}_name`, ({ name }) => name),
      identity(`${side}_identity`, (end) => end.identity),
      text(`${side}_labels`, ({ labels }) => JSON.stringify(labels)),
    ],
  ),
  shared((flow) => flow[`${side}Names`], [text(`${side}_fqdns`, (names) => JSON.stringify(names))]),
  own(
    text(`${side}_ip`, (flow) => flow[`${side}Ip`]),
    port(`${side}_port`, (flow) => flow[`${side}Port`]),
    text(`${side}_service`, (flow) => flow[`${side}Service`]),
  ),
];

/** At most one policy is credited in these flows, so that the peers need no arrays. */
const ofHit = (name: string, read: (hit: PolicyHit) => string | number) =>
  text<readonly PolicyHit[]>(name, ([hit]) => (hit === undefined ? '' : read(hit)));

const PLAIN = ['origin', 'node', 'event', 'reporter', 'direction', 'reply', 'protocol'] as const;

/** All that a block keeps of flows without L7, flat, under the names of docs/sql.md where it has one. */
const PARTS: readonly Part[] = [
  own(
    uuid('id', ({ id }) => id.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')),
    time('observed_ns', (flow) => flow.observedAt),
    time('received_ns', (flow) => flow.receivedAt),
    text('time_from', (flow) => flow.timeFrom),
    ...PLAIN.map((name) => text<Seen>(name, (flow) => flow[name])),
    text('verdict', (flow) => flow.verdict.kind),
    text('raw_verdict', (flow) => flow.wireVerdict),
    text('reason', ({ verdict }) => (verdict.kind === 'dropped' ? verdict.reason : '')),
  ),
  ...ofEnd('source'),
  ...ofEnd('destination'),
  shared(
    (flow) => flow.hits,
    [
      ofHit('policy_kind', ({ policy }) => policy.kind),
      ofHit('policy_namespace', ({ policy }) => policy.namespace),
      ofHit('policy_name', ({ policy }) => policy.name),
      ofHit('policy_tier', ({ policy }) => policy.tier),
      ...(['direction', 'action', 'stage', 'matched'] as const).map((name) =>
        ofHit(`hit_${name}`, (hit) => hit[name]),
      ),
      ofHit('hit_rule', (hit) => hit.rule),
    ],
  ),
  shared<FlowCounts>(
    (flow) => flow.counts,
    [
      count('events', ({ events }) => events),
      count('connections', ({ connections }) => connections),
      count('packets_forward', ({ packetsForward }) => packetsForward),
      count('packets_reverse', ({ packetsReverse }) => packetsReverse),
      count('bytes_forward', ({ bytesForward }) => bytesForward),
      count('bytes_reverse', ({ bytesReverse }) => bytesReverse),
    ],
  ),
];

export const COLUMNS: readonly Column[] = PARTS.flatMap(({ columns }) => columns);

/** A flow as a line of tab-separated text, in which no cell needs an escape. */
export const lineOf = (flow: Seen): string => PARTS.map(({ cells }) => cells(flow)).join('\t');

/** Writes the flows as text, some thousands at once. */
export function writeLines(file: string, count: number): void {
  const to = openSync(file, 'w');
  let lines: string[] = [];
  const flush = () => {
    if (lines.length > 0) writeSync(to, `${lines.join('\n')}\n`);
    lines = [];
  };
  for (const flow of makeFlows(count)) if (lines.push(lineOf(flow)) === 4_096) flush();
  flush();
  closeSync(to);
}
