import type { Codes } from './dictionary.ts';

/** A code for each row, below `distinct`. */
export type CodedRows = { readonly codes: Codes; readonly distinct: number };

/** Whole numbers are exact up to here. */
const MAX_EXACT = 2 ** 53;

/** Up to here a table that is cleared for each block costs less than looking keys up by their hash. */
const MAX_TABLE = 2 ** 18;

/** One code for what a row has in all columns, counted up in the order in which they come. */
export function combine(columns: readonly CodedRows[], rows: number): CodedRows {
  const [first, ...rest] = columns.filter(({ distinct }) => distinct > 1);
  if (first === undefined) return { codes: new Uint8Array(rows), distinct: 1 };
  if (rest.length === 0) return first;
  let keys = new Float64Array(first.codes);
  let limit = first.distinct;
  for (const { codes, distinct } of rest) {
    if (limit * distinct > MAX_EXACT) {
      const numbered = numberKeys(keys, limit);
      keys = new Float64Array(numbered.codes);
      limit = numbered.distinct;
    }
    for (let row = 0; row < rows; row++)
      keys[row] = (keys[row] ?? 0) * distinct + (codes[row] ?? 0);
    limit *= distinct;
  }
  return numberKeys(keys, limit);
}

/** Keys are whole numbers below `limit`. */
const numberKeys = (keys: Float64Array, limit: number): CodedRows =>
  limit <= MAX_TABLE ? numberInTable(keys, limit) : numberByHash(keys);

function numberInTable(keys: Float64Array, limit: number): CodedRows {
  const codes = new Uint32Array(keys.length);
  /** One more than the code, 0 where there is none yet. */
  const table = new Uint32Array(limit);
  let distinct = 0;
  for (let row = 0; row < keys.length; row++) {
    const key = keys[row] ?? 0;
    let known = table[key] ?? 0;
    if (known === 0) table[key] = known = ++distinct;
    codes[row] = known - 1;
  }
  return { codes, distinct };
}

function numberByHash(keys: Float64Array): CodedRows {
  const codes = new Uint32Array(keys.length);
  const halves = new Int32Array(keys.buffer, keys.byteOffset, keys.length * 2);
  // At most half of it is in use, so that a search is short.
  const mask = 2 ** Math.ceil(Math.log2(keys.length * 2)) - 1;
  const table = new Int32Array(mask + 1);
  const numbered = new Float64Array(keys.length);
  let distinct = 0;
  for (let row = 0; row < keys.length; row++) {
    const key = keys[row] ?? 0;
    let at = hashOf(halves[row * 2] ?? 0, halves[row * 2 + 1] ?? 0) & mask;
    let known = table[at] ?? 0;
    while (known > 0 && numbered[known - 1] !== key) {
      at = (at + 1) & mask;
      known = table[at] ?? 0;
    }
    if (known === 0) {
      numbered[distinct] = key;
      table[at] = known = ++distinct;
    }
    codes[row] = known - 1;
  }
  return { codes, distinct };
}

function hashOf(low: number, high: number): number {
  let hash = Math.imul(high, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 15) ^ low, 0xc2b2ae35);
  return hash ^ (hash >>> 13);
}
