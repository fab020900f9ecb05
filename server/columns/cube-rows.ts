import type { CubeColumnName, StoredColumn } from './column-specs.ts';
import { readParts, type Parts } from './block-format.ts';
import { ownText, type Codes } from './dictionary.ts';
import { readColumn, type EncodedColumn } from './encoding.ts';
import { numberer } from './numberer.ts';
import { decodeInt32 } from './planes.ts';
import { endOf, workloadJson } from './workload-columns.ts';

/** Rows that are counted. Where each is one flow, the first and the last time are the same. */
export type CubeRows = {
  readonly count: number;
  readonly columns: ReadonlyMap<CubeColumnName, CubeColumn>;
  readonly records: ArrayLike<number>;
  readonly events: ArrayLike<number>;
  readonly firstAt: BigInt64Array;
  readonly lastAt: BigInt64Array;
  /** Some are aggregates over a window; of a cube it is not known. */
  readonly aggregated: boolean;
};

/** Codes of a block, and which number each of them has in all blocks. */
export type CubeColumn = {
  readonly codes: Codes;
  readonly distinct: number;
  readonly numbers: Int32Array;
};

/** Columns that are numbers, and stand for themselves. */
export const NUMBERS: ReadonlySet<CubeColumnName> = new Set(['sourcePort', 'destinationPort']);

/**
 * Numbers the values of columns, alike for all blocks that are read by it, so that cubes are summed up without parsing
 * what they stand for.
 */
export type CubeReader = {
  /** Reads columns of a block of flows, or of a cube; without those in which a number does not fit 32 bits. */
  read(blob: Buffer, names: readonly CubeColumnName[]): CubeRows;
  /** The JSON texts of a column by their numbers. */
  jsons(name: CubeColumnName): readonly string[];
  /** Characters of the values of a column, and of those that it was made of. */
  size(name: CubeColumnName): number;
};

type KnownValues = {
  readonly numbers: Map<string, number>;
  readonly jsons: string[];
  /** By the number of an end, that of its workload. */
  readonly ofEnds: number[];
  size: number;
};

export function createCubeReader(): CubeReader {
  const columns = new Map<CubeColumnName, KnownValues>();
  const known = (name: CubeColumnName): KnownValues => {
    let values = columns.get(name);
    if (values === undefined) {
      values = { numbers: new Map<string, number>(), jsons: [], ofEnds: [], size: 0 };
      columns.set(name, values);
    }
    return values;
  };
  const workloadsAt = (
    name: CubeColumnName,
    end: CubeColumnName,
    column: CubeColumn | undefined,
  ): CubeColumn | undefined => {
    if (column === undefined) return undefined;
    const values = known(name);
    const { ofEnds } = values;
    const { jsons } = known(end);
    return {
      ...column,
      numbers: column.numbers.map(
        (number) => (ofEnds[number] ??= numberText(values, workloadJson(jsons[number] ?? ''))),
      ),
    };
  };
  const readOne = (
    name: CubeColumnName,
    column: EncodedColumn,
    rows: number,
  ): CubeColumn | undefined => {
    if (NUMBERS.has(name)) {
      return column.kind === 'int32' ? codesOf(decodeInt32(column.payload, rows)) : undefined;
    }
    if (column.kind !== 'values') throw new Error(`${name} is no column of values`);
    const { codes, jsons } = column;
    return { codes, distinct: jsons.length, numbers: numberTexts(known(name), jsons) };
  };
  return {
    jsons: (name) => known(name).jsons,
    size(name) {
      const end = endOf(name);
      return known(name).size + (end === undefined ? 0 : known(end).size);
    },
    read(blob, names) {
      const parts = readParts(blob);
      const found = new Map<CubeColumnName, CubeColumn>();
      const read = (name: CubeColumnName): CubeColumn | undefined => {
        const end = parts.names.includes(name) ? undefined : endOf(name);
        const column =
          found.get(name) ??
          (end === undefined
            ? readOne(name, columnOf(parts, name), parts.rows)
            : workloadsAt(name, end, read(end)));
        if (column !== undefined) found.set(name, column);
        return column;
      };
      for (const name of names) read(name);
      return { count: parts.rows, columns: found, ...sumsOf(parts) };
    },
  };
}

const numberTexts = (values: KnownValues, texts: readonly string[]): Int32Array =>
  Int32Array.from(texts, (text) => numberText(values, text));

function numberText(values: KnownValues, text: string): number {
  const { numbers, jsons } = values;
  const known = numbers.get(text);
  if (known !== undefined) return known;
  const own = ownText(text);
  const number = jsons.push(own) - 1;
  numbers.set(own, number);
  values.size += own.length;
  return number;
}

/** Numbers stand for themselves. */
function codesOf(values: Int32Array): CubeColumn {
  const { numberOf, numbered } = numberer<number>();
  const codes = new Uint32Array(values.length);
  for (let row = 0; row < values.length; row++) codes[row] = numberOf(values[row] ?? 0);
  return { codes, distinct: numbered.length, numbers: Int32Array.from(numbered) };
}

function columnOf(parts: Parts, name: StoredColumn): EncodedColumn {
  const [, kind, distinct] = parts.entry(name);
  return readColumn(kind, distinct, parts.payload(name), parts.rows);
}

function sumsOf(parts: Parts): Omit<CubeRows, 'count' | 'columns'> {
  if (parts.names.includes('records')) {
    return {
      records: numbersIn(parts, 'records'),
      events: numbersIn(parts, 'events'),
      firstAt: timesIn(parts, 'firstAt'),
      lastAt: timesIn(parts, 'lastAt'),
      aggregated: false,
    };
  }
  const counts = columnOf(parts, 'counts');
  if (counts.kind !== 'values') throw new Error('counts is no column of values');
  const events = counts.jsons.map((json) => (JSON.parse(json) as readonly [number])[0]);
  const observed = timesIn(parts, 'observedAt');
  return {
    records: new Uint8Array(parts.rows).fill(1),
    events: byCode(counts.codes, events),
    firstAt: observed,
    lastAt: observed,
    aggregated: isAggregated(parts),
  };
}

function isAggregated(parts: Parts): boolean {
  const window = columnOf(parts, 'window');
  return window.kind !== 'values' || window.jsons.some((json) => json !== 'null');
}

function timesIn(parts: Parts, name: StoredColumn): BigInt64Array {
  const column = columnOf(parts, name);
  if (!('times' in column)) throw new Error(`${name} is no column of times`);
  return column.times;
}

function numbersIn(parts: Parts, name: StoredColumn): ArrayLike<number> {
  const column = columnOf(parts, name);
  if (column.kind === 'int32') return decodeInt32(column.payload, parts.rows);
  if (column.kind !== 'values') throw new Error(`${name} is no column of numbers`);
  const numbers = column.jsons.map(Number);
  return byCode(column.codes, numbers);
}

function byCode(codes: Codes, numbers: readonly number[]): Float64Array {
  const values = new Float64Array(codes.length);
  for (let row = 0; row < codes.length; row++) values[row] = numbers[codes[row] ?? 0] ?? 0;
  return values;
}
