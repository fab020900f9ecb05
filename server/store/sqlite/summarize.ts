import { AppError } from '../../core/errors.ts';
import type { FlowCounts } from '../../core/flow.ts';
import type { TimeWindow } from '../../core/time.ts';
import type { Summary, SummaryQuery, SummaryRow } from '../flow-store.ts';
import type { Block } from '../../columns/block.ts';
import { bucketSeeker, bucketSpreader } from './buckets.ts';
import type { Catalog } from './catalog.ts';
import { groupCodes } from './group-codes.ts';
import { groupingOf, type Grouping } from './grouping.ts';
import { walk, type Matches } from './walk.ts';

/** Rows with this many keys keep a series each while counting; beyond, series are counted in a second pass. */
const MAX_SERIES_KEYS = 4_096;

const MAX_KEYS = 1_000_000;

/** Of so many values of flows is known at once under which keys they count. */
const MAX_KNOWN_VALUES = 65_536;

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
  const seek = bucketSeeker(query.within, query.buckets);
  const spread = bucketSpreader(query.within, query.buckets);
  const known = new Map<unknown, readonly Row[]>();
  const rowsOf = (value: unknown): readonly Row[] => {
    let found = known.get(value);
    if (found === undefined) {
      found = (grouping?.keys(value as never) ?? ['']).map(rowOf);
      if (known.size === MAX_KNOWN_VALUES) known.clear();
      known.set(value, found);
    }
    return found;
  };
  const { signal } = query;
  for await (const matches of walk(catalog, query, { order: 'newest', signal })) {
    const spanOf = query.buckets === 1 ? undefined : spanReader(matches.opened.block);
    countBlock(
      matches,
      grouping,
      { bucketOf: bucketReader(matches, seek), spanOf, spread },
      rowsOf,
    );
    if (rows.size > maxKeys) return undefined;
  }
  return [...rows.values()];
}

/** When the rows of a block were counted. */
type Times = {
  readonly bucketOf: (row: number) => number;
  /** Of an aggregate; `undefined` of other rows. Absent where there are none. */
  readonly spanOf: ((row: number) => TimeWindow | undefined) | undefined;
  readonly spread: ReturnType<typeof bucketSpreader>;
};

/**
 * Counts by code first, and by key what was counted. Rows come nearly in order of time, so this is done for a run of
 * rows of one bucket at a time, mostly a whole block.
 */
function countBlock(
  matches: Matches,
  grouping: Grouping | undefined,
  { bucketOf, spanOf, spread }: Times,
  rowsOf: (value: unknown) => readonly Row[],
): void {
  const { from, to, rows: wanted } = matches;
  const { codes, distinct, value } = groupCodes(matches, grouping);
  const eventsOf = eventReader(matches.opened.block);
  const records = new Uint32Array(distinct);
  const events = new Float64Array(distinct);
  const seen = new Uint32Array(distinct);
  let seenCount = 0;
  let bucket = 0;
  const flush = (): void => {
    for (const code of seen.subarray(0, seenCount)) {
      for (const into of rowsOf(value(code))) {
        into.records += records[code] ?? 0;
        into.events += events[code] ?? 0;
        into.series[bucket] = (into.series[bucket] ?? 0) + (events[code] ?? 0);
      }
      records[code] = 0;
      events[code] = 0;
    }
    seenCount = 0;
  };
  for (let row = from; row < to; row++) {
    if (wanted !== undefined && wanted[row] !== 1) continue;
    const code = codes[row] ?? 0;
    const span = spanOf?.(row);
    if (span !== undefined) {
      const summed = eventsOf(row);
      for (const into of rowsOf(value(code))) {
        into.records += 1;
        into.events += summed;
        spread(span, summed, (at, count) => (into.series[at] = (into.series[at] ?? 0) + count));
      }
      continue;
    }
    const next = bucketOf(row);
    if (next !== bucket) {
      flush();
      bucket = next;
    }
    const before = records[code] ?? 0;
    if (before === 0) seen[seenCount++] = code;
    records[code] = before + 1;
    events[code] = (events[code] ?? 0) + eventsOf(row);
  }
  flush();
}

/** Events of a row. Counts that sum up many events hardly repeat, so only those that are asked for are parsed. */
function eventReader(block: Block): (row: number) => number {
  const column = block.column('counts');
  if (column.kind !== 'values') throw new Error('counts is no column of values');
  const { codes, distinct, value } = column;
  const byCode = new Float64Array(distinct).fill(NaN);
  return (row) => {
    const code = codes[row] ?? 0;
    const known = byCode[code] ?? NaN;
    return Number.isNaN(known) ? (byCode[code] = (value(code) as FlowCounts).events) : known;
  };
}

/** `undefined` for a block without aggregates. */
function spanReader(block: Block): Times['spanOf'] {
  const column = block.column('window');
  if (column.kind !== 'values') throw new Error('window is no column of values');
  const { codes, distinct, value } = column;
  if (distinct === 1 && value(0) === undefined) return undefined;
  return (row) => {
    const span = value(codes[row] ?? 0) as TimeWindow | undefined;
    return span !== undefined && span.to > span.from ? span : undefined;
  };
}

/** A block that lies in one bucket needs no times. */
function bucketReader(
  { header, opened: { block } }: Matches,
  seek: (time: bigint) => number,
): (row: number) => number {
  const first = seek(header.minObserved);
  if (first === seek(header.maxObserved)) return () => first;
  const column = block.column('observedAt');
  if (column.kind !== 'times') throw new Error('observedAt is no column of times');
  const { times } = column;
  return (row) => seek(times[row] ?? 0n);
}
