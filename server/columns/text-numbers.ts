/** Numbers texts from 1 up by their bytes, in the order in which they come. */
export type TextNumbers = {
  /** Of the text from one place to another; 0 where it did not come before and no more are taken. */
  numberOf(bytes: DataView, start: number, end: number): number;
};

/** The number of a text that has no bytes yet. */
export function numberOfText(text: string, numbers: TextNumbers): number {
  const bytes = new TextEncoder().encode(text);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return numbers.numberOf(view, 0, bytes.length);
}

const MIN_TEXTS = 1_024;
const WORD = 4;

/**
 * A table of one's own: for a map each text would have to be made from its bytes first, which takes several times as
 * long where the same endpoints stand in every block. At most half of the table is in use.
 */
export function createTextNumbers(isClosed: () => boolean): TextNumbers {
  let table = new Int32Array(MIN_TEXTS * 2);
  let hashes = new Int32Array(MIN_TEXTS + 1);
  /** Where the text of a number begins; it ends where the next one begins. */
  let starts = new Uint32Array(MIN_TEXTS + 2);
  let held = new DataView(new ArrayBuffer(MIN_TEXTS * 64));
  let size = 0;

  const isHeld = (number: number, bytes: DataView, start: number, end: number): boolean => {
    const from = starts[number] ?? 0;
    return (
      (starts[number + 1] ?? 0) - from === end - start && areEqual(held, from, bytes, start, end)
    );
  };
  const placeOf = (hash: number): number => {
    let at = hash & (table.length - 1);
    while (table[at] !== 0) at = (at + 1) & (table.length - 1);
    return at;
  };
  const growTable = (): void => {
    table = new Int32Array(table.length * 2);
    hashes = resized(hashes, new Int32Array(table.length / 2 + 1));
    starts = resized(starts, new Uint32Array(table.length / 2 + 2));
    for (let number = 1; number <= size; number++) table[placeOf(hashes[number] ?? 0)] = number;
  };
  const keep = (bytes: DataView, start: number, end: number): void => {
    const from = starts[size] ?? 0;
    const to = from + end - start;
    if (to > held.byteLength) {
      const larger = new Uint8Array(Math.max(to, held.byteLength * 2));
      larger.set(new Uint8Array(held.buffer));
      held = new DataView(larger.buffer);
    }
    const text = new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start);
    new Uint8Array(held.buffer).set(text, from);
    starts[size + 1] = to;
  };

  return {
    numberOf(bytes, start, end) {
      const hash = hashOf(bytes, start, end);
      let at = hash & (table.length - 1);
      for (let number = table[at] ?? 0; number > 0; number = table[at] ?? 0) {
        if (hashes[number] === hash && isHeld(number, bytes, start, end)) return number;
        at = (at + 1) & (table.length - 1);
      }
      if (isClosed()) return 0;
      if (size * 2 >= table.length - 2) {
        growTable();
        at = placeOf(hash);
      }
      size += 1;
      keep(bytes, start, end);
      hashes[size] = hash;
      table[at] = size;
      return size;
    },
  };
}

function resized<T extends Int32Array | Uint32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

function hashOf(bytes: DataView, start: number, end: number): number {
  let hash = (end - start) ^ 0x5bd1e995;
  let at = start;
  for (; at + WORD <= end; at += WORD) {
    hash = Math.imul(hash ^ bytes.getInt32(at, true), 0x85ebca6b);
    hash ^= hash >>> 15;
  }
  for (; at < end; at++) {
    hash = Math.imul(hash ^ bytes.getUint8(at), 0x85ebca6b);
    hash ^= hash >>> 15;
  }
  return hash;
}

function areEqual(
  held: DataView,
  from: number,
  bytes: DataView,
  start: number,
  end: number,
): boolean {
  const shift = from - start;
  let at = start;
  for (; at + WORD <= end; at += WORD) {
    if (held.getInt32(at + shift, true) !== bytes.getInt32(at, true)) return false;
  }
  for (; at < end; at++) {
    if (held.getUint8(at + shift) !== bytes.getUint8(at)) return false;
  }
  return true;
}
