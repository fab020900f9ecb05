import { copyTime, isBefore, type Halves } from '../../columns/halves.ts';

/** How many numbers tell a connection apart. */
const PLACES = 6;

/** Some flows of one connection that lie in one bucket, with the places of the times of the first and the last. */
export type Some = {
  readonly bucket: number;
  readonly records: number;
  readonly events: number;
  readonly first: number;
  readonly last: number;
};

/** What is counted of each connection; rows are numbered from 0 in the order in which they are added. */
export type ConnectionTable = {
  /** Where the numbers of a connection are put before its row is asked for. */
  readonly slot: Int32Array;
  /** The row of the connection in the slot; -1 where it has none. */
  find(): number;
  /** Gives a row to the connection in the slot, with flows that are still to be counted. */
  add(times: Halves, some: Some): number;
  count(row: number, times: Halves, some: Some): void;
  told(row: number): {
    readonly records: number;
    readonly firstAt: bigint;
    readonly lastAt: bigint;
  };
  /** Tells of the events that were not told of yet. */
  flush(): void;
};

/** Told of events of a row that fall into a bucket; more of the same may come later. */
type OnEvents = (row: number, bucket: number, events: number) => void;

const MIN_CAPACITY = 1_024;

/** A row as integers: its numbers, its bucket and its hash. As doubles: records, events, first and last time. */
const INTS = 16;
const BUCKET = 6;
const HASH = 7;
const DOUBLES = INTS / 2;
const RECORDS = 4;
const EVENTS = 5;
const FIRST = 6;
const LAST = 7;

/**
 * All of a row lies in 64 bytes, a line of a processor's cache: rows are looked up in no order, and there are more of
 * them than a cache holds, so that each place that has to be looked at costs more than what is done with it.
 */
export function createConnectionTable(onEvents: OnEvents): ConnectionTable {
  const slot = new Int32Array(PLACES);
  let capacity = MIN_CAPACITY;
  /** One more than a row, 0 where there is none; at most half of it is in use. */
  let table = new Int32Array(capacity);
  let ints = new Int32Array((capacity / 2) * INTS);
  let doubles = new Float64Array(ints.buffer);
  let size = 0;

  const isSlot = (row: number): boolean => {
    for (let place = 0; place < PLACES; place++) {
      if (ints[row * INTS + place] !== slot[place]) return false;
    }
    return true;
  };
  const freeAt = (hash: number): number => {
    let at = hash & (capacity - 1);
    while (table[at] !== 0) at = (at + 1) & (capacity - 1);
    return at;
  };
  const grow = (): void => {
    capacity *= 2;
    const larger = new Int32Array((capacity / 2) * INTS);
    larger.set(ints);
    ints = larger;
    doubles = new Float64Array(ints.buffer);
    table = new Int32Array(capacity);
    for (let row = 0; row < size; row++) table[freeAt(ints[row * INTS + HASH] ?? 0)] = row + 1;
  };
  const tell = (row: number): void =>
    onEvents(row, ints[row * INTS + BUCKET] ?? 0, doubles[row * DOUBLES + EVENTS] ?? 0);

  return {
    slot,
    find() {
      let at = hashOf(slot) & (capacity - 1);
      for (let known = table[at] ?? 0; known > 0; known = table[at] ?? 0) {
        if (isSlot(known - 1)) return known - 1;
        at = (at + 1) & (capacity - 1);
      }
      return -1;
    },
    add(times, { bucket, first, last }) {
      if (size * 2 === capacity) grow();
      const hash = hashOf(slot);
      const row = size++;
      table[freeAt(hash)] = row + 1;
      ints.set(slot, row * INTS);
      ints[row * INTS + BUCKET] = bucket;
      ints[row * INTS + HASH] = hash;
      copyTime(times, first, ints, row * DOUBLES + FIRST);
      copyTime(times, last, ints, row * DOUBLES + LAST);
      return row;
    },
    count(row, times, { bucket, records, events, first, last }) {
      if (ints[row * INTS + BUCKET] !== bucket) {
        tell(row);
        ints[row * INTS + BUCKET] = bucket;
        doubles[row * DOUBLES + EVENTS] = 0;
      }
      doubles[row * DOUBLES + RECORDS] = (doubles[row * DOUBLES + RECORDS] ?? 0) + records;
      doubles[row * DOUBLES + EVENTS] = (doubles[row * DOUBLES + EVENTS] ?? 0) + events;
      const from = row * DOUBLES + FIRST;
      const to = row * DOUBLES + LAST;
      if (isBefore(times, first, ints, from)) copyTime(times, first, ints, from);
      if (isBefore(ints, to, times, last)) copyTime(times, last, ints, to);
    },
    told(row) {
      const [firstAt = 0n, lastAt = 0n] = new BigInt64Array(
        ints.buffer,
        (row * DOUBLES + FIRST) * 8,
        2,
      );
      return { records: doubles[row * DOUBLES + RECORDS] ?? 0, firstAt, lastAt };
    },
    flush() {
      for (let row = 0; row < size; row++) tell(row);
    },
  };
}

function hashOf(slot: Int32Array): number {
  let hash = 0x1e3779b9;
  for (let place = 0; place < PLACES; place++) {
    hash = Math.imul(hash ^ (slot[place] ?? 0), 0x85ebca6b);
    hash ^= hash >>> 15;
  }
  return hash;
}
