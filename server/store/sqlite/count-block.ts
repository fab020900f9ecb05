import type { FlowCounts } from '../../core/flow.ts';
import type { TimeWindow } from '../../core/time.ts';
import { timesIn, type Block } from '../../columns/block.ts';
import { halvesOf, isBefore } from '../../columns/halves.ts';
import type { bucketSeeker, bucketSpreader } from './buckets.ts';
import type { GroupCodes } from './group-codes.ts';
import type { GroupRows } from './group-rows.ts';
import type { Matches } from './walk.ts';

/** How the time of a row becomes a bucket. */
export type Buckets = {
  readonly count: number;
  readonly seek: ReturnType<typeof bucketSeeker>;
  readonly spread: ReturnType<typeof bucketSpreader>;
};

/**
 * Counts by code first, and by key what was counted. Rows come nearly in order of time, so this is done for a run of
 * rows of one bucket at a time, mostly a whole block.
 */
export function countBlock(
  matches: Matches,
  { codes, distinct, placeOf }: GroupCodes,
  { count, seek, spread }: Buckets,
  into: GroupRows,
): void {
  const { from, to, rows: wanted } = matches;
  const { block } = matches.opened;
  const bucketOf = bucketReader(matches, seek);
  const spanOf = count === 1 ? undefined : spanReader(block);
  const eventsOf = eventReader(block);
  const times = timesIn(block, 'observedAt');
  const ends = createEnds({ first: times, last: times }, distinct);
  const records = new Uint32Array(distinct);
  const events = new Float64Array(distinct);
  const seen = new Uint32Array(distinct);
  let seenCount = 0;
  let bucket = 0;
  const flush = (): void => {
    for (const code of seen.subarray(0, seenCount)) {
      const place = placeOf(code);
      into.add(place, records[code] ?? 0, events[code] ?? 0);
      into.addTo(place, bucket, events[code] ?? 0);
      records[code] = 0;
      events[code] = 0;
    }
    seenCount = 0;
  };
  for (let row = from; row < to; row++) {
    if (wanted !== undefined && wanted[row] !== 1) continue;
    const code = codes[row] ?? 0;
    ends.note(code, row);
    const span = spanOf?.(row);
    if (span !== undefined) {
      const place = placeOf(code);
      into.add(place, 1, eventsOf(row));
      spread(span, eventsOf(row), (at, share) => into.addTo(place, at, share));
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
  ends.widen(into, placeOf);
}

type Ends = {
  note(code: number, row: number): void;
  /** Tells what was noted. */
  widen(into: GroupRows, placeOf: GroupCodes['placeOf']): void;
};

/**
 * The row that was observed first and the one observed last of each code; times are copied once a code, not a row, and
 * compared by their halves.
 */
export function createEnds(
  { first: firstTimes, last: lastTimes }: { first: BigInt64Array; last: BigInt64Array },
  distinct: number,
): Ends {
  const [firsts, lasts] = [halvesOf(firstTimes), halvesOf(lastTimes)];
  /** One more than the row, 0 where there is none yet. */
  const first = new Uint32Array(distinct);
  const last = new Uint32Array(distinct);
  return {
    note(code, row) {
      const earliest = first[code] ?? 0;
      const latest = last[code] ?? 0;
      if (earliest === 0 || isBefore(firsts, row, firsts, earliest - 1)) first[code] = row + 1;
      if (latest === 0 || !isBefore(lasts, row, lasts, latest - 1)) last[code] = row + 1;
    },
    widen(into, placeOf) {
      for (let code = 0; code < distinct; code++) {
        const earliest = first[code] ?? 0;
        if (earliest === 0) continue;
        into.widen(placeOf(code), firsts, earliest - 1, lasts, (last[code] ?? 0) - 1);
      }
    },
  };
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

/** When an aggregate was counted; `undefined` of other rows. Absent where a block has none. */
function spanReader(block: Block): ((row: number) => TimeWindow | undefined) | undefined {
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
  const times = timesIn(block, 'observedAt');
  return (row) => seek(times[row] ?? 0n);
}
