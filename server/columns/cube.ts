import type { CubeColumnName } from './column-specs.ts';
import { combine } from './combine.ts';
import { NUMBERS, type CubeColumn, type CubeReader, type CubeRows } from './cube-rows.ts';
import type { EncodedBlock } from './encoded-block.ts';
import { encodeColumn, encodeTimes, type EncodedColumn } from './encoding.ts';
import { copyTime, halvesOf, isBefore, type Halves } from './halves.ts';
import { createTuples } from './tuples.ts';

/**
 * A cube has a row for each combination of values that flows have in some columns, and says of it how many flows there
 * were, the sum of their events, and when the first and the last was observed. It is kept in the form of a block.
 */
export type CubeBuilder = {
  /** Counts the rows of a block of flows, or of a cube of the same columns. */
  add(rows: CubeRows): void;
  readonly rows: number;
  encode(): EncodedBlock;
};

export function createCubeBuilder(
  names: readonly CubeColumnName[],
  jsonsOf: CubeReader['jsons'],
): CubeBuilder {
  const tuples = createTuples(names.length);
  const records: number[] = [];
  const events: number[] = [];
  /** Halves of the first and of the last time of each row. */
  let ends = new Int32Array(1_024);

  const room = (row: number): void => {
    if ((row + 1) * 4 <= ends.length) return;
    const larger = new Int32Array(ends.length * 2);
    larger.set(ends);
    ends = larger;
  };
  /** Adds what was counted in one block under one combination of values. */
  const addSums = (from: Sums, code: number): void => {
    const known = tuples.size;
    const row = tuples.number();
    const isNew = row === known;
    if (isNew) room(row);
    records[row] = (isNew ? 0 : (records[row] ?? 0)) + (from.records[code] ?? 0);
    events[row] = (isNew ? 0 : (events[row] ?? 0)) + (from.events[code] ?? 0);
    const [first, last] = [from.first[code] ?? 0, from.last[code] ?? 0];
    if (isNew || isBefore(from.firstAt, first, ends, row * 2)) {
      copyTime(from.firstAt, first, ends, row * 2);
    }
    if (isNew || isBefore(ends, row * 2 + 1, from.lastAt, last)) {
      copyTime(from.lastAt, last, ends, row * 2 + 1);
    }
  };
  const add = (rows: CubeRows): void => {
    const columns = names.flatMap((name) => rows.columns.get(name) ?? []);
    const sums = sumUp(rows, columns);
    const { slot } = tuples;
    for (let code = 0; code < sums.distinct; code++) {
      const row = sums.first[code] ?? 0;
      for (const [place, { codes, numbers }] of columns.entries()) {
        slot[place] = numbers[codes[row] ?? 0] ?? 0;
      }
      addSums(sums, code);
    }
  };

  return {
    add,
    get rows() {
      return tuples.size;
    },
    encode() {
      const rows = tuples.size;
      const times = new BigInt64Array(ends.buffer);
      const timesAt = (place: number) =>
        encodeTimes(BigInt64Array.from({ length: rows }, (_, row) => times[row * 2 + place] ?? 0n));
      return {
        rows,
        columns: [
          ...names.map((name, place) => {
            const numbers = Array.from({ length: rows }, (_, row) => tuples.at(row, place));
            return { name, column: columnOfNumbers(name, numbers, jsonsOf(name)) };
          }),
          { name: 'records', column: encodeColumn('records', records) },
          { name: 'events', column: encodeColumn('events', events) },
          { name: 'firstAt', column: timesAt(0) },
          { name: 'lastAt', column: timesAt(1) },
        ],
      };
    },
  };
}

/** What the rows of a block say by their combinations of values. */
type Sums = {
  readonly distinct: number;
  readonly records: Float64Array;
  readonly events: Float64Array;
  /** The row with the first time, and with the last. */
  readonly first: Uint32Array;
  readonly last: Uint32Array;
  /** Halves of the times of rows. */
  readonly firstAt: Halves;
  readonly lastAt: Halves;
};

function sumUp(rows: CubeRows, columns: readonly CubeColumn[]): Sums {
  const { codes, distinct } = combine(columns, rows.count);
  const [firstAt, lastAt] = [halvesOf(rows.firstAt), halvesOf(rows.lastAt)];
  const records = new Float64Array(distinct);
  const events = new Float64Array(distinct);
  const first = new Uint32Array(distinct);
  const last = new Uint32Array(distinct);
  const seen = new Uint8Array(distinct);
  for (let row = 0; row < rows.count; row++) {
    const code = codes[row] ?? 0;
    records[code] = (records[code] ?? 0) + (rows.records[row] ?? 0);
    events[code] = (events[code] ?? 0) + (rows.events[row] ?? 0);
    const isNew = seen[code] === 0;
    seen[code] = 1;
    if (isNew || isBefore(firstAt, row, firstAt, first[code] ?? 0)) first[code] = row;
    if (isNew || isBefore(lastAt, last[code] ?? 0, lastAt, row)) last[code] = row;
  }
  return { distinct, records, events, first, last, firstAt, lastAt };
}

/** Values in the order in which the cube's rows have them, and only those that they have. */
function columnOfNumbers(
  name: CubeColumnName,
  numbers: readonly number[],
  jsons: readonly string[],
): EncodedColumn {
  if (NUMBERS.has(name)) return encodeColumn(name, numbers);
  const codes = new Uint32Array(numbers.length);
  const byNumber = new Map<number, number>();
  const used: string[] = [];
  for (const [row, number] of numbers.entries()) {
    let code = byNumber.get(number);
    if (code === undefined) byNumber.set(number, (code = used.push(jsons[number] ?? '') - 1));
    codes[row] = code;
  }
  return { kind: 'values', codes, jsons: used };
}
