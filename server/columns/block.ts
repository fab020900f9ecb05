import { readParts } from './block-format.ts';
import { COLUMNS, LATER_COLUMNS, type ColumnSpec, type StoredColumn } from './column-specs.ts';
import { openDictionary, type Codes, type WrittenDictionary } from './dictionary.ts';
import { decodeTimes, type StoredKind } from './encoding.ts';
import { createParsedValues, parsedBytes } from './parsed-values.ts';
import { decodeInt32 } from './planes.ts';
import { numberOfText, type TextNumbers } from './text-numbers.ts';

/** A decoded column. Dictionary values are parsed when first asked for, and shared by all rows that have them. */
export type Column =
  | {
      readonly kind: 'values';
      readonly codes: Codes;
      readonly distinct: number;
      readonly value: (code: number) => unknown;
      /** The number of a value's JSON text, which is equal for equal values; none is parsed for it. */
      readonly numberOf: (code: number, texts: TextNumbers) => number;
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

const parsedValues = createParsedValues(16 * 1024 * 1024);

/** Text and numbers are parsed faster than they are found, and counts that sum up many events hardly repeat. */
function parserOf(spec: ColumnSpec, onParsed: (json: string) => void): (json: string) => unknown {
  const unpack = spec.kind === 'values' ? spec.unpack : (value: unknown) => value;
  const parse = (json: string): unknown => {
    onParsed(json);
    return unpack(JSON.parse(json) as never);
  };
  if (spec.kind !== 'values' || !spec.shared) return parse;
  return (json) => (json.startsWith('[') ? parsedValues.get(spec, json, parse) : parse(json));
}

/** What a JSON text of a column stands for. */
export const parseValue = (name: StoredColumn, json: string): unknown =>
  parserOf(COLUMNS[name], () => undefined)(json);

/** Told of memory that a column takes, and with a negative number of what it gave back. */
type OnHeld = (bytes: number) => void;

const POINTER_BYTES = 8;

type Texts = Pick<WrittenDictionary, 'json' | 'numberOf' | 'distinct'> & {
  /** What they take, as long as one of them may be asked for. */
  readonly bytes: number;
};

/**
 * A value that another block parsed is held there. Texts are let go when all of them are parsed, as counting does;
 * most of what a block takes would else be endpoints as text.
 */
function valueReader(
  spec: ColumnSpec,
  written: Texts,
  onHeld: OnHeld,
): Pick<Extract<Column, { kind: 'values' }>, 'value' | 'numberOf'> {
  const parsed = new Array<unknown>(written.distinct);
  const parse = parserOf(spec, (json) => {
    onHeld(parsedBytes(json));
  });
  let texts: Texts | undefined = written;
  let left = written.distinct;
  onHeld(written.bytes);
  const jsonOf = spec.kind === 'values' ? spec.json : JSON.stringify;
  return {
    numberOf: (code, into) =>
      texts?.numberOf(code, into) ?? numberOfText(jsonOf(parsed[code]), into),
    value(code) {
      if (code in parsed || texts === undefined) return parsed[code];
      const value = (parsed[code] = parse(texts.json(code)));
      left--;
      if (left === 0) {
        onHeld(-texts.bytes);
        texts = undefined;
      }
      return value;
    },
  };
}

export function decodeColumn(
  name: StoredColumn,
  { kind, distinct, payload, rows }: WrittenColumn,
  onHeld: OnHeld = () => undefined,
): Column {
  switch (kind) {
    case 'values': {
      const { codes, json, numberOf } = openDictionary(payload, distinct, rows);
      onHeld(codes.byteLength + distinct * POINTER_BYTES);
      // The payload, and its texts as one.
      const texts = { json, numberOf, distinct, bytes: payload.length * 2 };
      return { kind: 'values', codes, distinct, ...valueReader(COLUMNS[name], texts, onHeld) };
    }
    case 'int32': {
      const numbers = decodeInt32(payload, rows);
      onHeld(numbers.byteLength);
      return { kind: 'numbers', numbers };
    }
    case 'delta':
    case 'int64': {
      const times = decodeTimes(kind, payload, rows);
      onHeld(times.byteLength);
      return { kind: 'times', times };
    }
    case 'id16':
      onHeld(payload.length);
      return { kind: 'ids', bytes: payload };
  }
}

function constantColumn(value: string, rows: number): Column {
  return {
    ...{ kind: 'values', codes: new Uint8Array(rows), distinct: 1 },
    value: () => value,
    numberOf: (_, texts) => numberOfText(JSON.stringify(value), texts),
  };
}

export function openBlock(bytes: Uint8Array): Block {
  const blob = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts = readParts(blob);
  const columns = new Map<StoredColumn, Column>();
  let held = blob.length;
  const onHeld = (more: number): void => void (held += more);
  const read = (name: StoredColumn): Column => {
    const later = LATER_COLUMNS[name];
    if (later !== undefined && !parts.names.includes(name))
      return constantColumn(later, parts.rows);
    const [, kind, distinct] = parts.entry(name);
    const payload = parts.payload(name);
    return decodeColumn(name, { kind, distinct, payload, rows: parts.rows }, onHeld);
  };
  return {
    rows: parts.rows,
    column(name) {
      let column = columns.get(name);
      if (column === undefined) {
        column = read(name);
        columns.set(name, column);
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

export function timesIn(block: Block, name: StoredColumn): BigInt64Array {
  const column = block.column(name);
  if (column.kind !== 'times') throw new Error(`${name} is no column of times`);
  return column.times;
}

/** Numbers by row; those that do not fit 32 bits are kept as values. */
export function numbersIn(block: Block, name: StoredColumn): (row: number) => number {
  const column = block.column(name);
  if (column.kind === 'numbers') return (row) => column.numbers[row] ?? 0;
  return (row) => valueAt(column, row) as number;
}
