import { COLUMNS, type StoredColumn } from './column-specs.ts';
import {
  findDistinct,
  joinDictionaries,
  openDictionary,
  writeDictionary,
  type Dictionary,
  type Jsonable,
} from './dictionary.ts';
import {
  decodeDeltas,
  decodePlainTimes,
  encodeDeltas,
  encodeIds,
  encodeInt32,
  encodePlainTimes,
  joinPlanes,
} from './planes.ts';

/** Forms in which a column's payload is written; docs/block-format.md describes each. */
export type StoredKind = 'values' | 'int32' | 'delta' | 'int64' | 'id16';

/** A column that is not yet written, or was read to be joined with others. */
export type EncodedColumn =
  | ({ readonly kind: 'values' } & Dictionary)
  | { readonly kind: 'delta' | 'int64'; readonly times: BigInt64Array; readonly payload: Buffer }
  | { readonly kind: 'int32' | 'id16'; readonly payload: Buffer };

/** For numbers and ids that do not fit their dense form. */
const AS_IS: Jsonable = {
  shared: true,
  json: (value: string | number) => JSON.stringify(value),
};

/** Encodes the values of one column, in the order of the rows. */
export function encodeColumn(name: StoredColumn, values: readonly unknown[]): EncodedColumn {
  const spec = COLUMNS[name];
  switch (spec.kind) {
    case 'time':
      return encodeTimes(timesOf(values as readonly bigint[]));
    case 'number':
      return dense('int32', encodeInt32(values as readonly number[])) ?? asIs(values);
    case 'id':
      return dense('id16', encodeIds(values as readonly string[])) ?? asIs(values);
    case 'values':
      return { kind: 'values', ...findDistinct(spec, values) };
  }
}

/** `BigInt64Array.from` walks an iterator, at ten times the cost. */
function timesOf(values: readonly bigint[]): BigInt64Array {
  const times = new BigInt64Array(values.length);
  for (let row = 0; row < values.length; row++) times[row] = values[row] ?? 0n;
  return times;
}

const asIs = (values: readonly unknown[]): EncodedColumn => ({
  kind: 'values',
  ...findDistinct(AS_IS, values),
});

const dense = (kind: 'int32' | 'id16', payload: Buffer | undefined): EncodedColumn | undefined =>
  payload === undefined ? undefined : { kind, payload };

export function encodeTimes(times: BigInt64Array): EncodedColumn {
  const payload = encodeDeltas(times);
  return payload === undefined
    ? { kind: 'int64', times, payload: encodePlainTimes(times) }
    : { kind: 'delta', times, payload };
}

export const decodeTimes = (
  kind: 'delta' | 'int64',
  payload: Buffer,
  rows: number,
): BigInt64Array =>
  kind === 'delta' ? decodeDeltas(payload, rows) : decodePlainTimes(payload, rows);

export const payloadOf = (column: EncodedColumn): Buffer =>
  column.kind === 'values' ? writeDictionary(column) : column.payload;

/** Entries of the dictionary; 0 for forms that have none. */
export const distinctOf = (column: EncodedColumn): number =>
  column.kind === 'values' ? column.jsons.length : 0;

/** A written column, to be joined with others. */
export function readColumn(
  kind: StoredKind,
  distinct: number,
  payload: Buffer,
  rows: number,
): EncodedColumn {
  switch (kind) {
    case 'values': {
      const { codes, json } = openDictionary(payload, distinct, rows);
      return { kind, codes, jsons: Array.from({ length: distinct }, (_, code) => json(code)) };
    }
    case 'delta':
    case 'int64':
      return { kind, times: decodeTimes(kind, payload, rows), payload };
    case 'int32':
    case 'id16':
      return { kind, payload };
  }
}

/**
 * Columns of neighboring blocks as one: what `encodeColumn` makes of all their values. `undefined` where their
 * forms differ, so that the values themselves are needed.
 */
export function joinColumns(parts: readonly EncodedColumn[]): EncodedColumn | undefined {
  const times = parts.flatMap((part) => ('times' in part ? [part.times] : []));
  if (times.length === parts.length) return encodeTimes(joinTimes(times));
  const dictionaries = parts.filter((part) => part.kind === 'values');
  if (dictionaries.length === parts.length) {
    return { kind: 'values', ...joinDictionaries(dictionaries) };
  }
  const [first] = parts;
  if (first === undefined || first.kind === 'values') return undefined;
  if (parts.some(({ kind }) => kind !== first.kind)) return undefined;
  const payloads = parts.flatMap((part) => ('payload' in part ? [part.payload] : []));
  return first.kind === 'int32'
    ? { kind: 'int32', payload: joinPlanes(payloads) }
    : { kind: 'id16', payload: Buffer.concat(payloads) };
}

function joinTimes(parts: readonly BigInt64Array[]): BigInt64Array {
  const joined = new BigInt64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let row = 0;
  for (const part of parts) {
    joined.set(part, row);
    row += part.length;
  }
  return joined;
}
