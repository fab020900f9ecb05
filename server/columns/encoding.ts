import { COLUMNS, isDenseId, type ColumnSpec, type StoredColumn } from './column-specs.ts';

/** Forms in which a column's payload is written; docs/block-format.md describes each. */
export type StoredKind = 'values' | 'int32' | 'delta' | 'int64' | 'id16';

export type EncodedColumn = {
  readonly kind: StoredKind;
  /** Entries of the dictionary; 0 for forms that have none. */
  readonly distinct: number;
  readonly payload: Buffer;
};

export type Codes = Uint8Array | Uint16Array | Uint32Array;

/** The distinct values of a column as JSON texts, and the code of each row. */
export type Dictionary = {
  readonly codes: Codes;
  readonly distinct: number;
  json(code: number): string;
};

const MIN_INT32 = -0x80000000;
const MAX_INT32 = 0x7fffffff;

/** A delta's zigzag form must be exact as a double, with room for the sign. */
const MAX_DELTA = 2n ** 51n;

type Jsonable = { readonly shared: boolean; readonly json: (value: never) => string };

/** For numbers and ids that do not fit their dense form. */
const AS_IS: Jsonable = {
  shared: true,
  json: (value: string | number) => JSON.stringify(value),
};

/** Encodes one column of `rows` flows; `read` answers with the value of a row. */
export function encodeColumn(
  name: StoredColumn,
  rows: number,
  read: (row: number) => unknown,
): EncodedColumn {
  const spec: ColumnSpec = COLUMNS[name];
  switch (spec.kind) {
    case 'time':
      return encodeTimes(rows, read as (row: number) => bigint);
    case 'number':
      return (
        encodeInt32(rows, read as (row: number) => number) ?? encodeDistinct(AS_IS, rows, read)
      );
    case 'id':
      return encodeIds(rows, read as (row: number) => string) ?? encodeDistinct(AS_IS, rows, read);
    case 'values':
      return encodeDistinct(spec, rows, read);
  }
}

function encodeDistinct(
  { shared, json }: Jsonable,
  rows: number,
  read: (row: number) => unknown,
): EncodedColumn {
  const byValue = new Map<unknown, number>();
  const byJson = new Map<string, number>();
  const codes = new Uint32Array(rows);
  const codeOf = (value: never): number => {
    const text = json(value);
    let code = byJson.get(text);
    if (code === undefined) {
      code = byJson.size;
      byJson.set(text, code);
    }
    if (shared) byValue.set(value, code);
    return code;
  };
  let last: unknown;
  let lastCode = -1;
  for (let row = 0; row < rows; row++) {
    const value = read(row);
    if (value !== last || lastCode < 0) {
      lastCode = (shared ? byValue.get(value) : undefined) ?? codeOf(value as never);
      last = value;
    }
    codes[row] = lastCode;
  }
  return encodeDictionary([...byJson.keys()], codes);
}

/** Joins the dictionaries of neighboring blocks without parsing a value. */
export function joinDictionaries(parts: readonly Dictionary[]): EncodedColumn {
  const byJson = new Map<string, number>();
  const codes = new Uint32Array(parts.reduce((sum, part) => sum + part.codes.length, 0));
  let row = 0;
  for (const part of parts) {
    const translated = new Uint32Array(part.distinct);
    for (let code = 0; code < part.distinct; code++) {
      const json = part.json(code);
      let joined = byJson.get(json);
      if (joined === undefined) byJson.set(json, (joined = byJson.size));
      translated[code] = joined;
    }
    for (const code of part.codes) codes[row++] = translated[code] ?? 0;
  }
  return encodeDictionary([...byJson.keys()], codes);
}

/** Codes, as narrow as they can be; then the lengths of the values' JSON texts; then the texts. */
function encodeDictionary(jsons: readonly string[], codes: Codes): EncodedColumn {
  const narrow = codeArray(jsons.length, codes.length) ?? new Uint8Array(0);
  for (let row = 0; row < narrow.length; row++) narrow[row] = codes[row] ?? 0;
  const texts = jsons.map((json) => Buffer.from(json));
  const lengths = Buffer.alloc(texts.length * 4);
  for (const [code, text] of texts.entries()) lengths.writeUInt32LE(text.length, code * 4);
  const payload = Buffer.concat([Buffer.from(narrow.buffer), lengths, ...texts]);
  return { kind: 'values', distinct: jsons.length, payload };
}

/** `undefined` where one value fills the column and codes are left out. */
function codeArray(distinct: number, rows: number): Codes | undefined {
  if (distinct <= 1) return undefined;
  if (distinct <= 0x100) return new Uint8Array(rows);
  if (distinct <= 0x10000) return new Uint16Array(rows);
  return new Uint32Array(rows);
}

/** Reads what `encodeDictionary` wrote. Texts are cut out one by one, when they are asked for. */
export function decodeDictionary(payload: Buffer, distinct: number, rows: number): Dictionary {
  const codes = codeArray(distinct, rows) ?? new Uint8Array(rows);
  const codeBytes = distinct <= 1 ? 0 : codes.byteLength;
  new Uint8Array(codes.buffer).set(payload.subarray(0, codeBytes));
  const starts = new Uint32Array(distinct + 1);
  starts[0] = codeBytes + distinct * 4;
  for (let code = 0; code < distinct; code++) {
    starts[code + 1] = (starts[code] ?? 0) + payload.readUInt32LE(codeBytes + code * 4);
  }
  const json = (code: number) => payload.toString('utf8', starts[code], starts[code + 1]);
  return { codes, distinct, json };
}

function encodeInt32(rows: number, read: (row: number) => number): EncodedColumn | undefined {
  const planes = Buffer.alloc(rows * 4);
  for (let row = 0; row < rows; row++) {
    const value = read(row);
    if (!Number.isInteger(value) || value < MIN_INT32 || value > MAX_INT32) return undefined;
    putPlanes(planes, rows, row, value, 0);
  }
  return { kind: 'int32', distinct: 0, payload: planes };
}

/** Byte n of every number stands together: high bytes are alike and compress to nearly nothing. */
function putPlanes(planes: Buffer, rows: number, row: number, value: number, first: number): void {
  planes[first * rows + row] = value & 0xff;
  planes[(first + 1) * rows + row] = (value >>> 8) & 0xff;
  planes[(first + 2) * rows + row] = (value >>> 16) & 0xff;
  planes[(first + 3) * rows + row] = value >>> 24;
}

function getPlanes(planes: Buffer, rows: number, row: number, first: number): number {
  return (
    (planes[first * rows + row] ?? 0) |
    ((planes[(first + 1) * rows + row] ?? 0) << 8) |
    ((planes[(first + 2) * rows + row] ?? 0) << 16) |
    ((planes[(first + 3) * rows + row] ?? 0) << 24)
  );
}

export function decodeInt32(payload: Buffer, rows: number): Int32Array {
  const numbers = new Int32Array(rows);
  for (let row = 0; row < rows; row++) numbers[row] = getPlanes(payload, rows, row, 0);
  return numbers;
}

const TWO_32 = 0x100000000;

/** The first time, then the zigzag differences in byte planes; plain 64-bit numbers when one is too large. */
function encodeTimes(rows: number, read: (row: number) => bigint): EncodedColumn {
  const payload = Buffer.alloc(8 + rows * 8);
  const planes = payload.subarray(8);
  let previous = rows === 0 ? 0n : read(0);
  payload.writeBigInt64LE(previous);
  for (let row = 0; row < rows; row++) {
    const time = read(row);
    const difference = time - previous;
    if (difference > MAX_DELTA || difference < -MAX_DELTA) return encodePlainTimes(rows, read);
    previous = time;
    const delta = Number(difference);
    const zigzag = delta < 0 ? -delta * 2 - 1 : delta * 2;
    putPlanes(planes, rows, row, zigzag >>> 0, 0);
    putPlanes(planes, rows, row, Math.floor(zigzag / TWO_32), 4);
  }
  return { kind: 'delta', distinct: 0, payload };
}

function encodePlainTimes(rows: number, read: (row: number) => bigint): EncodedColumn {
  const payload = Buffer.alloc(rows * 8);
  for (let row = 0; row < rows; row++) payload.writeBigInt64LE(read(row), row * 8);
  return { kind: 'int64', distinct: 0, payload };
}

export function decodeTimes(kind: 'delta' | 'int64', payload: Buffer, rows: number): BigInt64Array {
  const times = new BigInt64Array(rows);
  if (kind === 'int64') {
    for (let row = 0; row < rows; row++) times[row] = payload.readBigInt64LE(row * 8);
    return times;
  }
  const planes = payload.subarray(8);
  let time = payload.readBigInt64LE();
  for (let row = 0; row < rows; row++) {
    const low = getPlanes(planes, rows, row, 0) >>> 0;
    const zigzag = (getPlanes(planes, rows, row, 4) >>> 0) * TWO_32 + low;
    time += BigInt(low & 1 ? -(zigzag + 1) / 2 : zigzag / 2);
    times[row] = time;
  }
  return times;
}

function encodeIds(rows: number, read: (row: number) => string): EncodedColumn | undefined {
  const payload = Buffer.alloc(rows * 16);
  for (let row = 0; row < rows; row++) {
    const id = read(row);
    if (!isDenseId(id)) return undefined;
    payload.write(id, row * 16, 'hex');
  }
  return { kind: 'id16', distinct: 0, payload };
}
