import type { ColumnName, StoredColumn } from './column-specs.ts';
import { readParts, type Parts } from './block-format.ts';
import { ownText, type Codes } from './dictionary.ts';
import { readColumn, type EncodedColumn } from './encoding.ts';
import { numberer } from './numberer.ts';
import { decodeInt32 } from './planes.ts';

/** Rows that are counted. Where each is one flow, the first and the last time are the same. */
export type CubeRows = {
  readonly count: number;
  readonly columns: ReadonlyMap<ColumnName, CubeColumn>;
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
export const NUMBERS: ReadonlySet<ColumnName> = new Set(['sourcePort', 'destinationPort']);

/**
 * Numbers the values of columns, alike for all blocks that are read by it, so that cubes are summed up without parsing
 * what they stand for.
 */
export type CubeReader = {
  /** Reads columns of a block of flows, or of a cube; without those in which a number does not fit 32 bits. */
  read(blob: Buffer, names: readonly ColumnName[]): CubeRows;
  /** The JSON texts of a column by their numbers. */
  jsons(name: ColumnName): readonly string[];
  /** Characters of the values of a column. */
  size(name: ColumnName): number;
};

type KnownValues = {
  readonly numbers: Map<string, number>;
  readonly jsons: string[];
  size: number;
};

export function createCubeReader(): CubeReader {
  const columns = new Map<ColumnName, KnownValues>();
  const known = (name: ColumnName) => {
    let column = columns.get(name);
    if (column === undefined) {
      columns.set(name, (column = { numbers: new Map<string, number>(), jsons: [], size: 0 }));
    }
    return column;
  };
  const numberTexts = (name: ColumnName, texts: readonly string[]): Int32Array => {
    const values = known(name);
    const { numbers, jsons } = values;
    const translated = new Int32Array(texts.length);
    for (const [code, json] of texts.entries()) {
      let number = numbers.get(json);
      if (number === undefined) {
        const own = ownText(json);
        numbers.set(own, (number = jsons.push(own) - 1));
        values.size += own.length;
      }
      translated[code] = number;
    }
    return translated;
  };
  const readOne = (
    name: ColumnName,
    column: EncodedColumn,
    rows: number,
  ): CubeColumn | undefined => {
    if (NUMBERS.has(name)) {
      return column.kind === 'int32' ? codesOf(decodeInt32(column.payload, rows)) : undefined;
    }
    if (column.kind !== 'values') throw new Error(`${name} is no column of values`);
    const { codes, jsons } = column;
    return { codes, distinct: jsons.length, numbers: numberTexts(name, jsons) };
  };
  return {
    jsons: (name) => known(name).jsons,
    size: (name) => known(name).size,
    read(blob, names) {
      const parts = readParts(blob);
      const found = new Map<ColumnName, CubeColumn>();
      for (const name of names) {
        const column = readOne(name, columnOf(parts, name), parts.rows);
        if (column !== undefined) found.set(name, column);
      }
      return { count: parts.rows, columns: found, ...sumsOf(parts) };
    },
  };
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
