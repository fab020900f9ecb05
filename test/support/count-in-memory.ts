import { findField } from '../../server/core/fields.ts';
import type { FlowFields, StoredFlow } from '../../server/core/flow.ts';
import type { EpochNanos, TimeWindow } from '../../server/core/time.ts';
import { compileQuery } from '../../server/query/compile.ts';
import { matches } from '../../server/query/match.ts';
import type { SummaryQuery, SummaryRow } from '../../server/store/flow-store.ts';

/** What the contract of `summarize` says, written as plainly as can be. */
export function countInMemory(flows: readonly StoredFlow[], query: SummaryQuery) {
  const { from, to } = query.within;
  const rows = new Map<string, Row>();
  const row = (keys: readonly string[]) => {
    const name = JSON.stringify(keys);
    const found = rows.get(name) ?? emptyRow(keys, query.buckets);
    rows.set(name, found);
    return found;
  };
  if (query.by.length === 0) row([]);
  for (const flow of flows.filter(matches(compileQuery(query.where)))) {
    if (flow.observedAt < from || flow.observedAt >= to) continue;
    const bucket = Number(((flow.observedAt - from) * BigInt(query.buckets)) / (to - from));
    for (const keys of pairsInMemory(flow, query.by)) {
      const into = row(keys);
      into.records++;
      into.events += flow.counts.events;
      into.times.push(flow.observedAt);
      if (flow.window === undefined || flow.window.to <= flow.window.from || query.buckets === 1) {
        into.series[bucket]! += flow.counts.events;
      } else spreadInMemory(flow.window, flow.counts.events, query, into.series);
    }
  }
  const sorted = [...rows.values()].sort(
    (a, b) => b.events - a.events || b.records - a.records || (before(a.keys!, b.keys!) ? -1 : 1),
  );
  const shown = sorted.slice(0, query.top);
  const rest = sorted.slice(query.top);
  if (rest.length > 0) shown.push(foldInMemory(rest, query.buckets));
  return { rows: shown.map(withEnds), groups: rows.size };
}

type Row = {
  keys: readonly string[] | undefined;
  records: number;
  events: number;
  series: number[];
  times: EpochNanos[];
};

const emptyRow = (keys: readonly string[] | undefined, buckets: number): Row => ({
  ...{ keys, records: 0, events: 0 },
  series: Array<number>(buckets).fill(0),
  times: [],
});

const before = (a: readonly string[], b: readonly string[]): boolean =>
  a[0] === b[0] ? a[1]! < b[1]! : a[0]! < b[0]!;

function foldInMemory(rows: readonly Row[], buckets: number): Row {
  const sum = (read: (row: Row) => number) => rows.reduce((total, row) => total + read(row), 0);
  return {
    keys: undefined,
    records: sum((row) => row.records),
    events: sum((row) => row.events),
    series: Array.from({ length: buckets }, (_, bucket) => sum((row) => row.series[bucket]!)),
    times: rows.flatMap(({ times }) => times),
  };
}

function withEnds({ times, ...row }: Row): SummaryRow {
  const sorted = times.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return { ...row, firstAt: sorted[0], lastAt: sorted.at(-1) };
}

const pairsInMemory = (flow: FlowFields, by: readonly string[]): readonly string[][] =>
  by.reduce<string[][]>(
    (lists, field) =>
      lists.flatMap((list) => keysInMemory(flow, field).map((key) => [...list, key])),
    [[]],
  );

/** Of so much time, so much: whole events by the end of each bucket. */
function spreadInMemory(
  span: TimeWindow,
  events: number,
  { within, buckets }: SummaryQuery,
  series: number[],
): void {
  const bounds = Array.from({ length: buckets + 1 }, (_, at) => {
    const share = (within.to - within.from) * BigInt(at);
    return within.from + (share + BigInt(buckets) - 1n) / BigInt(buckets);
  });
  const inSpan = (time: bigint) => (time < span.from ? span.from : time > span.to ? span.to : time);
  const countedBy = (time: bigint) =>
    Math.round((events * Number(inSpan(time) - span.from)) / Number(span.to - span.from));
  for (let at = 0; at < buckets; at++) {
    series[at]! += countedBy(bounds[at + 1]!) - countedBy(bounds[at]!);
  }
}

function keysInMemory(flow: FlowFields, by: string): readonly string[] {
  if (by === 'policy') {
    const names = flow.hits
      .filter(({ matched }) => matched !== 'end-of-tier')
      .map(({ policy }) =>
        policy.namespace === '' ? policy.name : `${policy.namespace}/${policy.name}`,
      );
    return names.length === 0 ? [''] : [...new Set(names)];
  }
  const field = findField(by.replace(/^(from|to)\./, ''))!;
  const { columns } = field;
  const column =
    typeof columns === 'string' ? columns : by.startsWith('from.') ? columns.from : columns.to;
  const values = field.project(flow[column] as never).map(String);
  if (values.length === 0) return [''];
  return ['fqdn', 'rule', 'is'].includes(by) ? [...new Set(values)] : values.slice(0, 1);
}
