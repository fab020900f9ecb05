import { AppError } from '../../core/errors.ts';
import type { FlowCounts } from '../../core/flow.ts';
import type { Summary, SummaryQuery, SummaryRow } from '../flow-store.ts';
import { valueAt, type Block, type Column } from '../../columns/block.ts';
import { bucketStarts } from './buckets.ts';
import type { Catalog } from './catalog.ts';
import { groupingOf, type Grouping } from './grouping.ts';
import { walk, type Matches } from './walk.ts';

/** Rows with this many keys keep a series each while counting; beyond, series are counted in a second pass. */
const MAX_SERIES_KEYS = 4_096;

const MAX_KEYS = 1_000_000;

type Row = { key: string | undefined; records: number; events: number; series: number[] };

/** Counts matching flows by a field and by time. */
export async function summarize(catalog: Catalog, query: SummaryQuery): Promise<Summary> {
  const head = Math.min(catalog.head(), query.asOf ?? Infinity);
  const frozen = { ...query, asOf: head };
  const grouping = query.by === undefined ? undefined : groupingOf(query.by);
  const oneRow = query.buckets === 1;
  const rows = await count(catalog, frozen, grouping, {
    maxKeys: oneRow ? MAX_KEYS : MAX_SERIES_KEYS,
  });
  if (rows !== undefined) return { rows: fold(rows, query), head };
  const totals = oneRow
    ? undefined
    : await count(catalog, { ...frozen, buckets: 1 }, grouping, { maxKeys: MAX_KEYS });
  if (totals === undefined) {
    throw new AppError('bad-query', `more than ${MAX_KEYS} values to count; narrow the query`);
  }
  const only = new Set(fold(totals, query).map(({ key }) => key));
  const counted = await count(catalog, frozen, grouping, { maxKeys: MAX_KEYS, only });
  return { rows: fold(counted ?? [], query), head };
}

/** Most first; what is beyond `top` becomes one row without a key. */
function fold(rows: readonly Row[], { top, buckets }: SummaryQuery): readonly SummaryRow[] {
  const named = rows.filter(({ key }) => key !== undefined);
  const sorted = named.toSorted(
    (a, b) => b.events - a.events || b.records - a.records || compareText(a.key ?? '', b.key ?? ''),
  );
  const rest = sorted.slice(top).concat(rows.filter(({ key }) => key === undefined));
  if (rest.length === 0) return sorted;
  const folded: Row = { key: undefined, records: 0, events: 0, series: zeros(buckets) };
  for (const { records, events, series } of rest) {
    folded.records += records;
    folded.events += events;
    folded.series = folded.series.map((value, bucket) => value + (series[bucket] ?? 0));
  }
  return [...sorted.slice(0, top), folded];
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const zeros = (length: number): number[] => new Array<number>(length).fill(0);

type CountLimits = {
  /** With more keys than this the answer is `undefined`. */
  readonly maxKeys: number;
  /** Keys that get rows; the others share one. */
  readonly only?: ReadonlySet<string | undefined>;
};

async function count(
  catalog: Catalog,
  query: SummaryQuery,
  grouping: Grouping | undefined,
  { maxKeys, only }: CountLimits,
): Promise<readonly Row[] | undefined> {
  const rows = new Map<string | undefined, Row>();
  const rowOf = (key: string): Row => {
    const kept = only === undefined || only.has(key) ? key : undefined;
    let row = rows.get(kept);
    if (row === undefined) {
      row = { key: kept, records: 0, events: 0, series: zeros(query.buckets) };
      rows.set(kept, row);
    }
    return row;
  };
  if (grouping === undefined) rowOf('');
  const starts = bucketStarts(query.within, query.buckets);
  const memo = new Map<unknown, readonly Row[]>();
  const { signal } = query;
  for await (const matches of walk(catalog, query, { order: 'newest', signal })) {
    const { block } = matches.opened;
    const bucketOf = bucketReader(matches, starts);
    const rowsOfRow =
      grouping === undefined ? () => [rowOf('')] : rowReader(block, grouping, rowOf, memo);
    countBlock(matches, bucketOf, rowsOfRow);
    if (rows.size > maxKeys) return undefined;
  }
  return [...rows.values()];
}

function countBlock(
  { opened: { block }, from, to, rows: wanted }: Matches,
  bucketOf: (row: number) => number,
  rowsOfRow: (row: number) => readonly Row[],
): void {
  const counts = block.column('counts');
  for (let row = from; row < to; row++) {
    if (wanted !== undefined && wanted[row] !== 1) continue;
    const events = (valueAt(counts, row) as FlowCounts).events;
    const bucket = bucketOf(row);
    for (const into of rowsOfRow(row)) {
      into.records++;
      into.events += events;
      into.series[bucket] = (into.series[bucket] ?? 0) + events;
    }
  }
}

/** Finds the rows that a flow counts under; the keys of each distinct value are worked out once a block. */
function rowReader(
  block: Block,
  { column: name, keys }: Grouping,
  rowOf: (key: string) => Row,
  memo: Map<unknown, readonly Row[]>,
): (row: number) => readonly Row[] {
  const column: Column = block.column(name);
  if (column.kind === 'values') {
    const { value, codes, distinct } = column;
    const byCode = new Array<readonly Row[] | undefined>(distinct);
    return (row) => {
      const code = codes[row] ?? 0;
      return (byCode[code] ??= keys(value(code) as never).map(rowOf));
    };
  }
  return (row) => {
    const value = valueAt(column, row);
    let found = memo.get(value);
    if (found === undefined) memo.set(value, (found = keys(value as never).map(rowOf)));
    return found;
  };
}

/** Rows of a block are nearly in order of time, so the bucket of one is sought from that of the last. */
function bucketReader(
  { header, opened: { block } }: Matches,
  starts: readonly bigint[],
): (row: number) => number {
  const last = starts.length - 1;
  const seek = (time: bigint, guess: number): number => {
    let bucket = guess;
    while (bucket > 0 && time < (starts[bucket] ?? 0n)) bucket--;
    while (bucket < last && time >= (starts[bucket + 1] ?? 0n)) bucket++;
    return bucket;
  };
  const first = seek(header.minObserved, 0);
  if (first === seek(header.maxObserved, first)) return () => first;
  const times = block.column('observedAt');
  if (times.kind !== 'times') throw new Error('observedAt is no column of times');
  let bucket = first;
  return (row) => (bucket = seek(times.times[row] ?? 0n, bucket));
}
