import type { Halves } from '../../columns/halves.ts';
import { nanos, type EpochNanos } from '../../core/time.ts';
import type { Summary, SummaryRow } from '../flow-store.ts';

/**
 * A row of a summary while it is counted. Times as halves: a bigint for each block and row, of which most are of no
 * interest, would take longer than the counting.
 */
export type Row = Pick<SummaryRow, 'keys'> & {
  records: number;
  events: number;
  readonly series: number[];
  seen: boolean;
  firstHigh: number;
  firstLow: number;
  lastHigh: number;
  lastLow: number;
};

/** A row for each group; what exceeds their number has one row for all. */
export type GroupRows = {
  rowOf(keys: readonly string[]): Row;
  /** Groups that have a row of their own. */
  readonly size: number;
  named(): readonly Row[];
  /** What has no row of its own; `undefined` where everything has. */
  readonly rest: Row | undefined;
};

export type GroupRowsOptions = {
  readonly buckets: number;
  /** Groups that get a row of their own: the first that come. */
  readonly limit: number;
  /** No others get one. */
  readonly only?: KeySet | undefined;
};

/** Keys of at most two fields. */
type KeySet = { has(keys: readonly string[]): boolean };

export function createGroupRows({ buckets, limit, only }: GroupRowsOptions): GroupRows {
  // By the second key, then by the first: so that a summary by one field is one map.
  const groups = new Map<string, Map<string, Row>>();
  let size = 0;
  let rest: Row | undefined;
  const ownRow = (keys: readonly string[]): Row | undefined => {
    const [first = '', second = ''] = keys;
    let inner = groups.get(second);
    const known = inner?.get(first);
    if (known !== undefined) return known;
    if (size === limit || only?.has(keys) === false) return undefined;
    if (inner === undefined) groups.set(second, (inner = new Map<string, Row>()));
    const row = emptyRow(keys, buckets);
    inner.set(first, row);
    size++;
    return row;
  };
  return {
    rowOf: (keys) => ownRow(keys) ?? (rest ??= emptyRow(undefined, buckets)),
    get size() {
      return size;
    },
    named: () => [...groups.values()].flatMap((inner) => [...inner.values()]),
    get rest() {
      return rest;
    },
  };
}

const emptyRow = (keys: readonly string[] | undefined, buckets: number): Row => ({
  keys,
  records: 0,
  events: 0,
  series: new Array<number>(buckets).fill(0),
  seen: false,
  firstHigh: 0,
  firstLow: 0,
  lastHigh: 0,
  lastLow: 0,
});

export function keySetOf(rows: readonly SummaryRow[]): KeySet {
  const sets = new Map<string, Set<string>>();
  for (const { keys } of rows) {
    if (keys === undefined) continue;
    const [first = '', second = ''] = keys;
    const inner = sets.get(second) ?? new Set<string>();
    sets.set(second, inner.add(first));
  }
  return { has: ([first = '', second = '']) => sets.get(second)?.has(first) ?? false };
}

/** Most first; what is beyond `top` becomes one row without keys. */
export function foldRows(
  groups: GroupRows,
  { top, buckets }: { readonly top: number; readonly buckets: number },
): readonly SummaryRow[] {
  const sorted = groups.named().toSorted(compareRows);
  const beyond = sorted.slice(top).concat(groups.rest ?? []);
  if (beyond.length === 0) return sorted.map(toldRow);
  const folded = emptyRow(undefined, buckets);
  for (const row of beyond) addRow(folded, row);
  return [...sorted.slice(0, top), folded].map(toldRow);
}

const toldRow = (row: Row): SummaryRow => ({
  keys: row.keys,
  records: row.records,
  events: row.events,
  series: row.series,
  firstAt: row.seen ? timeOf(row.firstHigh, row.firstLow) : undefined,
  lastAt: row.seen ? timeOf(row.lastHigh, row.lastLow) : undefined,
});

const timeOf = (high: number, low: number): EpochNanos =>
  nanos((BigInt(high) << 32n) + BigInt(low));

function addRow(into: Row, row: Row): void {
  into.records += row.records;
  into.events += row.events;
  for (const [bucket, count] of row.series.entries()) {
    into.series[bucket] = (into.series[bucket] ?? 0) + count;
  }
  if (!row.seen) return;
  widenFirst(into, row.firstHigh, row.firstLow);
  widenLast(into, row.lastHigh, row.lastLow);
  into.seen = true;
}

/** The row tells of something that was observed from one time to another. */
export function widenRow(
  row: Row,
  first: Halves,
  firstAt: number,
  last: Halves,
  lastAt: number,
): void {
  widenFirst(row, first[firstAt * 2 + 1] ?? 0, (first[firstAt * 2] ?? 0) >>> 0);
  widenLast(row, last[lastAt * 2 + 1] ?? 0, (last[lastAt * 2] ?? 0) >>> 0);
  row.seen = true;
}

function widenFirst(row: Row, high: number, low: number): void {
  const isLater = high > row.firstHigh || (high === row.firstHigh && low >= row.firstLow);
  if (row.seen && isLater) return;
  row.firstHigh = high;
  row.firstLow = low;
}

function widenLast(row: Row, high: number, low: number): void {
  const isEarlier = high < row.lastHigh || (high === row.lastHigh && low <= row.lastLow);
  if (row.seen && isEarlier) return;
  row.lastHigh = high;
  row.lastLow = low;
}

function compareRows(a: Row, b: Row): number {
  return (
    b.events - a.events ||
    b.records - a.records ||
    compareText(a.keys?.[0], b.keys?.[0]) ||
    compareText(a.keys?.[1], b.keys?.[1])
  );
}

const compareText = (a = '', b = ''): number => (a < b ? -1 : a > b ? 1 : 0);

/** What was counted without being told apart. */
export const untoldOf = ({ rest }: GroupRows): Summary['untold'] => ({
  records: rest?.records ?? 0,
  events: rest?.events ?? 0,
});
