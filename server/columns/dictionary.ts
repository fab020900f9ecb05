/** Distinct values as JSON texts, and which of them each row has. */
import { isAscii } from 'node:buffer';
import type { TextNumbers } from './text-numbers.ts';

export type Codes = Uint8Array | Uint16Array | Uint32Array;

/** Texts are numbered in the order in which rows have them. */
export type Dictionary = { readonly codes: Codes; readonly jsons: readonly string[] };

/** How a value turns to JSON. */
export type Jsonable = {
  /** True where equal values are one object, or text. */
  readonly shared: boolean;
  readonly json: (value: never) => string;
};

export function findDistinct({ shared, json }: Jsonable, values: readonly unknown[]): Dictionary {
  const byValue = new Map<unknown, number>();
  const byJson = new Map<string, number>();
  const codes = new Uint32Array(values.length);
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
  for (let row = 0; row < values.length; row++) {
    const value = values[row];
    if (value !== last || lastCode < 0) {
      lastCode = (shared ? byValue.get(value) : undefined) ?? codeOf(value as never);
      last = value;
    }
    codes[row] = lastCode;
  }
  return { codes, jsons: [...byJson.keys()] };
}

/** Joins the dictionaries of neighboring blocks without parsing a value. */
export function joinDictionaries(parts: readonly Dictionary[]): Dictionary {
  const byJson = new Map<string, number>();
  const codes = new Uint32Array(parts.reduce((sum, part) => sum + part.codes.length, 0));
  let row = 0;
  for (const part of parts) {
    const translated = Uint32Array.from(part.jsons, (json) => {
      let joined = byJson.get(json);
      if (joined === undefined) byJson.set(json, (joined = byJson.size));
      return joined;
    });
    for (const code of part.codes) codes[row++] = translated[code] ?? 0;
  }
  return { codes, jsons: [...byJson.keys()] };
}

/** Codes, as narrow as they can be; then the lengths of the values' JSON texts; then the texts. */
export function writeDictionary({ codes, jsons }: Dictionary): Buffer {
  const narrow = narrowCodes(jsons.length, codes);
  const texts = Buffer.from(jsons.join(''));
  const lengths = Buffer.allocUnsafe(jsons.length * 4);
  let length = 0;
  for (const [code, json] of jsons.entries()) {
    const bytes = Buffer.byteLength(json);
    lengths.writeUInt32LE(bytes, code * 4);
    length += bytes;
  }
  if (length !== texts.length) throw new Error('a JSON text holds half of a character');
  return Buffer.concat([narrow, lengths, texts]);
}

const NO_CODES = Buffer.alloc(0);

/** No bytes where one value fills the column. */
function narrowCodes(distinct: number, codes: Codes): Buffer {
  if (distinct <= 1) return NO_CODES;
  const narrow = codeArray(distinct, codes.length);
  narrow.set(codes);
  return Buffer.from(narrow.buffer);
}

function codeArray(distinct: number, rows: number): Codes {
  if (distinct <= 0x100) return new Uint8Array(rows);
  if (distinct <= 0x10000) return new Uint16Array(rows);
  return new Uint32Array(rows);
}

/** A written dictionary. Texts are cut out one by one, when they are asked for. */
export type WrittenDictionary = {
  readonly codes: Codes;
  readonly distinct: number;
  /** May hold on to all texts of the dictionary: who keeps it for long keeps `ownText` of it. */
  json(code: number): string;
  /** The number of a value's text, without making it. */
  numberOf(code: number, texts: TextNumbers): number;
};

export function openDictionary(payload: Buffer, distinct: number, rows: number): WrittenDictionary {
  const codes = codeArray(distinct, rows);
  const codeBytes = distinct <= 1 ? 0 : codes.byteLength;
  new Uint8Array(codes.buffer).set(payload.subarray(0, codeBytes));
  const starts = new Uint32Array(distinct + 1);
  starts[0] = codeBytes + distinct * 4;
  for (let code = 0; code < distinct; code++) {
    starts[code + 1] = (starts[code] ?? 0) + payload.readUInt32LE(codeBytes + code * 4);
  }
  const first = starts[0];
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const numberOf: WrittenDictionary['numberOf'] = (code, numbers) =>
    numbers.numberOf(view, starts[code] ?? 0, starts[code + 1] ?? 0);
  if (!isAscii(payload.subarray(first))) {
    return {
      codes,
      distinct,
      json: (code) => payload.toString('utf8', starts[code], starts[code + 1]),
      numberOf,
    };
  }
  // One text for all, of which a part is no copy: most are only looked up among what is known.
  let texts: string | undefined;
  const json = (code: number) => {
    texts ??= payload.toString('latin1', first);
    return texts.slice((starts[code] ?? 0) - first, (starts[code + 1] ?? 0) - first);
  };
  return { codes, distinct, json, numberOf };
}

/** A copy that does not keep the longer text alive of which it is a part. */
export const ownText = (text: string): string => Buffer.from(text).toString();
