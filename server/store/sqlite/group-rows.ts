import { copyTime, isBefore, type Halves } from '../../columns/halves.ts';
import { nanos, type EpochNanos } from '../../core/time.ts';
import type { Summary, SummaryRow } from '../flow-store.ts';

/** Where something is counted: the number of a row, or a negative one that stands for several rows. */
export type Place = number;

/** The rows of a summary while they are counted: one for each group; what exceeds their number has one row for all. */
export type GroupRows = {
  /** Where counts what has such lists of keys; it counts once under each. */
  place(lists: readonly (readonly string[])[]): Place;
  add(place: Place, records: number, events: number): void;
  /** So many of the events that are added fall into a bucket. */
  addTo(place: Place, bucket: number, events: number): void;
  /** What is counted there was observed from one time to another. */
  widen(place: Place, first: Halves, firstAt: number, last: Halves, lastAt: number): void;
  /** Something has no row of its own. */
  readonly isFull: boolean;
  /** Most first; what is beyond `top` becomes one row without keys. */
  told(top: number): Pick<Summary, 'rows' | 'groups' | 'untold'>;
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

/** The row of what has no row of its own. */
const REST = 0;

/**
 * Counts stand in arrays by the number of the row: where pairs are counted, a block has thousands of groups, and an
 * object for each would be sought all over memory for each block.
 */
export function createGroupRows({ buckets, limit, only }: GroupRowsOptions): GroupRows {
  const names = createNames();
  const several: (readonly number[])[] = [];
  let sums = emptySums(1_024);
  const series: Float64Array[] = [];
  let isFull = false;

  const ownRow = (keys: readonly string[]): number => {
    const known = names.find(keys);
    if (known !== undefined) return known;
    if (names.size === limit || only?.has(keys) === false) {
      isFull = true;
      return REST;
    }
    const row = names.add(keys);
    if (row >= sums.records.length) sums = grown(sums);
    return row;
  };
  const each = (place: Place, run: (row: number) => void): void => {
    for (const row of several[-1 - place] ?? []) run(row);
  };
  const add: GroupRows['add'] = (place, records, events) => {
    if (place < 0) {
      each(place, (row) => add(row, records, events));
      return;
    }
    sums.records[place] = (sums.records[place] ?? 0) + records;
    sums.events[place] = (sums.events[place] ?? 0) + events;
  };
  const addTo: GroupRows['addTo'] = (place, bucket, events) => {
    if (buckets === 1) return;
    if (place < 0) {
      each(place, (row) => addTo(row, bucket, events));
      return;
    }
    const counts = (series[place] ??= new Float64Array(buckets));
    counts[bucket] = (counts[bucket] ?? 0) + events;
  };
  const widen: GroupRows['widen'] = (place, first, firstAt, last, lastAt) => {
    if (place < 0) {
      each(place, (row) => widen(row, first, firstAt, last, lastAt));
      return;
    }
    const { ends, seen } = sums;
    const isNew = seen[place] === 0;
    seen[place] = 1;
    if (isNew || isBefore(first, firstAt, ends, place * 2)) {
      copyTime(first, firstAt, ends, place * 2);
    }
    if (isNew || isBefore(ends, place * 2 + 1, last, lastAt)) {
      copyTime(last, lastAt, ends, place * 2 + 1);
    }
  };
  const rowOf = (row: number): SummaryRow => ({
    keys: row === REST ? undefined : names.keys(row),
    records: sums.records[row] ?? 0,
    events: sums.events[row] ?? 0,
    series:
      buckets === 1
        ? [sums.events[row] ?? 0]
        : Array.from({ length: buckets }, (_, bucket) => series[row]?.[bucket] ?? 0),
    ...endsOf(sums, row),
  });

  return {
    place(lists) {
      const rows = lists.map(ownRow);
      const [row] = rows;
      return row !== undefined && rows.length === 1 ? row : -several.push(rows);
    },
    add,
    addTo,
    widen,
    get isFull() {
      return isFull;
    },
    told(top) {
      const untold = { records: sums.records[REST] ?? 0, events: sums.events[REST] ?? 0 };
      const first = firstRows(sums, names, top);
      const rows = first.map(rowOf);
      const shown = new Set(first);
      // Into the row of the rest, which is why nothing may be counted any more.
      for (let row = 1; row <= names.size; row++) {
        if (shown.has(row)) continue;
        add(REST, sums.records[row] ?? 0, sums.events[row] ?? 0);
        series[row]?.forEach((events, bucket) => addTo(REST, bucket, events));
        if (sums.seen[row] === 1) widen(REST, sums.ends, row * 2, sums.ends, row * 2 + 1);
      }
      if (isFull || names.size > rows.length) rows.push(rowOf(REST));
      return { rows, groups: names.size, untold };
    },
  };
}

/** By the number of the row. */
type Sums = {
  readonly records: Float64Array;
  readonly events: Float64Array;
  /** The first and the last time, where one was seen. */
  readonly ends: Halves;
  readonly seen: Uint8Array;
};

const emptySums = (rows: number): Sums => ({
  records: new Float64Array(rows),
  events: new Float64Array(rows),
  ends: new Int32Array(rows * 4),
  seen: new Uint8Array(rows),
});

function grown(sums: Sums): Sums {
  const larger = emptySums(sums.records.length * 2);
  larger.records.set(sums.records);
  larger.events.set(sums.events);
  larger.ends.set(sums.ends);
  larger.seen.set(sums.seen);
  return larger;
}

function endsOf({ ends, seen }: Sums, row: number): Pick<SummaryRow, 'firstAt' | 'lastAt'> {
  if (seen[row] !== 1) return { firstAt: undefined, lastAt: undefined };
  return { firstAt: timeOf(ends, row * 2), lastAt: timeOf(ends, row * 2 + 1) };
}

const timeOf = (halves: Halves, at: number): EpochNanos =>
  nanos((BigInt(halves[at * 2 + 1] ?? 0) << 32n) + BigInt((halves[at * 2] ?? 0) >>> 0));

type Names = {
  find(keys: readonly string[]): number | undefined;
  /** Answers with the number of a new row, the first of which is 1. */
  add(keys: readonly string[]): number;
  keys(row: number): readonly string[];
  readonly size: number;
};

function createNames(): Names {
  // By the second key, then by the first: so that a summary by one field is one map.
  const groups = new Map<string, Map<string, number>>();
  const lists: (readonly string[])[] = [];
  return {
    find: ([first = '', second = '']) => groups.get(second)?.get(first),
    add(keys) {
      const [first = '', second = ''] = keys;
      let inner = groups.get(second);
      if (inner === undefined) groups.set(second, (inner = new Map<string, number>()));
      const row = lists.push(keys);
      inner.set(first, row);
      return row;
    },
    keys: (row) => lists[row - 1] ?? [],
    get size() {
      return lists.length;
    },
  };
}

/** The rows with the most events, in order; only those that may be among them are sorted. */
function firstRows({ records, events }: Sums, names: Names, top: number): readonly number[] {
  const least = events.slice(1, names.size + 1).sort()[names.size - top] ?? -Infinity;
  const rows: number[] = [];
  for (let row = 1; row <= names.size; row++) if ((events[row] ?? 0) >= least) rows.push(row);
  const compare = (a: number, b: number): number =>
    (events[b] ?? 0) - (events[a] ?? 0) ||
    (records[b] ?? 0) - (records[a] ?? 0) ||
    compareKeys(names.keys(a), names.keys(b));
  return rows.sort(compare).slice(0, top);
}

const compareKeys = (a: readonly string[], b: readonly string[]): number =>
  compareText(a[0], b[0]) || compareText(a[1], b[1]);

const compareText = (a = '', b = ''): number => (a < b ? -1 : a > b ? 1 : 0);

export function keySetOf(rows: readonly SummaryRow[]): KeySet {
  const names = createNames();
  for (const { keys } of rows) if (keys !== undefined) names.add(keys);
  return { has: (keys) => names.find(keys) !== undefined };
}
