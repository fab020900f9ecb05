import { readParts } from './block-format.ts';
import { COLUMNS, type StoredColumn } from './column-specs.ts';
import { openDictionary, type Codes } from './dictionary.ts';
import { decodeTimes, type StoredKind } from './encoding.ts';
import { decodeInt32 } from './planes.ts';

/** A decoded column. Dictionary values are parsed when first asked for, and shared by all rows that have them. */
export type Column =
  | {
      readonly kind: 'values';
      readonly codes: Codes;
      readonly distinct: number;
      readonly value: (code: number) => unknown;
    }
  | { readonly kind: 'numbers'; readonly numbers: Int32Array }
  | { readonly kind: 'times'; readonly times: BigInt64Array }
  | { readonly kind: 'ids'; readonly bytes: Buffer };

/** Flows of one commit as a plain block, for whoever shares no objects with the writer. */
export type CommittedBlock = { readonly firstSeq: number; readonly columns: Uint8Array };

/** A stored block, opened: columns are decompressed when they are first asked for, and then kept. */
export type Block = {
  readonly rows: number;
  column(name: StoredColumn): Column;
  /** Memory held now, roughly; it grows as columns are decoded. */
  bytes(): number;
};

type WrittenColumn = {
  readonly kind: StoredKind;
  readonly distinct: number;
  readonly payload: Buffer;
  readonly rows: number;
};

export function decodeColumn(
  name: StoredColumn,
  { kind, distinct, payload, rows }: WrittenColumn,
): Column {
  switch (kind) {
    case 'values': {
      const { codes, json } = openDictionary(payload, distinct, rows);
      const spec = COLUMNS[name];
      const unpack = spec.kind === 'values' ? spec.unpack : (value: unknown) => value;
      const parsed = new Array<unknown>(distinct);
      const value = (code: number): unknown =>
        code in parsed ? parsed[code] : (parsed[code] = unpack(JSON.parse(json(code)) as never));
      return { kind: 'values', codes, distinct, value };
    }
    case 'int32':
      return { kind: 'numbers', numbers: decodeInt32(payload, rows) };
    case 'delta':
    case 'int64':
      return { kind: 'times', times: decodeTimes(kind, payload, rows) };
    case 'id16':
      return { kind: 'ids', bytes: payload };
  }
}

/** A payload stays beside what is decoded from it, which is about as large again. */
const DECODED_FACTOR = 2;

export function openBlock(bytes: Uint8Array): Block {
  const blob = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts = readParts(blob);
  const columns = new Map<StoredColumn, Column>();
  let held = blob.length;
  return {
    rows: parts.rows,
    column(name) {
      let column = columns.get(name);
      if (column === undefined) {
        const [, kind, distinct] = parts.entry(name);
        const payload = parts.payload(name);
        column = decodeColumn(name, { kind, distinct, payload, rows: parts.rows });
        columns.set(name, column);
        held += payload.length * DECODED_FACTOR;
      }
      return column;
    },
    bytes: () => held,
  };
}

/** The value of one row, as it stands on the flow. */
export function valueAt(column: Column, row: number): unknown {
  switch (column.kind) {
    case 'values':
      return column.value(column.codes[row] ?? 0);
    case 'numbers':
      return column.numbers[row];
    case 'times':
      return column.times[row];
    case 'ids':
      return column.bytes.toString('hex', row * 16, row * 16 + 16);
  }
}
