/** Values by the bytes they were made of, for bytes that come again and again. */
import { randomBytes } from 'node:crypto';

/**
 * A bounded memory of values by key bytes. It may forget any entry at any time and may refuse one; what it answers
 * with is always the value of exactly these bytes.
 */
export type ByteTable<T> = {
  /** The value of the bytes from `from` up to `end`, which must lie within `bytes`. */
  readonly find: (bytes: Buffer, from: number, end: number) => T | undefined;
  /** Notes the value; the key is copied. The same key must not be in the table. */
  readonly add: (bytes: Buffer, from: number, end: number, value: T) => void;
};

export type ByteTableOptions = {
  /** Bytes of keys and their bookkeeping; the values are not counted. */
  readonly limit: number;
  /** Every so many lookups, what the first quarter of the next ones does not ask for is forgotten. */
  readonly age?: number;
};

/** Longer keys are not kept: whoever sends them pays for decoding them each time. */
const LONGEST_KEY = 8192;
/** Bookkeeping of one entry, roughly. */
const ENTRY_BYTES = 64;
const AGE = 500_000;

/**
 * Two generations: what is asked for moves to the young one. When that holds half of the limit, or has answered `age`
 * lookups, it becomes the old one and the old one is dropped. So memory stays bounded while pods churn for ever, and
 * names that are in use never all have to be learned again at once.
 */
export function createByteTable<T>({ limit, age = AGE }: ByteTableOptions): ByteTable<T> {
  const seed = randomBytes(4).readInt32LE();
  let young = new Generation<T>(seed);
  let old = new Generation<T>(seed);
  let lookups = 0;
  const rotate = (): void => {
    old = young;
    young = new Generation<T>(seed);
    lookups = 0;
  };
  const add = (bytes: Buffer, from: number, end: number, value: T): void => {
    const cost = end - from + ENTRY_BYTES;
    if (end - from > LONGEST_KEY || cost * 2 > limit) return;
    if ((young.held + cost) * 2 > limit) rotate();
    young.add(bytes, from, end, value);
  };
  return {
    find: (bytes, from, end) => {
      lookups += 1;
      if (lookups > age) rotate();
      else if (lookups * 4 > age && old.held > 0) old = new Generation<T>(seed);
      const hash = sampledHash(bytes, from, end, seed);
      const found = young.find(bytes, from, end, hash);
      if (found !== undefined || old.held === 0) return found;
      const older = old.find(bytes, from, end, hash);
      if (older !== undefined) add(bytes, from, end, older);
      return older;
    },
    add,
  };
}

/** Slots that a key may stand in from the one its hash names. Senders choose the keys, so the search must be short. */
const WINDOW = 16;
/** Below this length a loop over the bytes is faster than a call into native code. */
const SHORT_KEY = 96;

/** Numbers of a slot, side by side because memory is what a lookup waits for: entry from 1, hash, start and end of key. */
const SLOT = 4;

/**
 * An open-addressed table whose entries are never taken out. A key stands within `WINDOW` slots of its sampled hash;
 * where those are all taken, by chance or by design, within as many of a hash of all its bytes; else nowhere.
 */
class Generation<T> {
  held = 0;
  private readonly seed: number;
  private keys: Buffer = Buffer.allocUnsafeSlow(4096);
  private keysEnd = 0;
  private slots = new Int32Array(64 * SLOT);
  private mask = 63;
  private readonly values: T[] = [];

  constructor(seed: number) {
    this.seed = seed;
  }

  find(bytes: Buffer, from: number, end: number, hash: number): T | undefined {
    const entry = this.search(bytes, from, end, hash, hash);
    if (entry > 0) return this.values[entry - 1];
    if (entry === 0) return undefined;
    const second = this.search(bytes, from, end, hash, fullHash(bytes, from, end, ~this.seed));
    return second > 0 ? this.values[second - 1] : undefined;
  }

  /** The entry from 1; 0 where the key cannot be, -1 where the whole window holds others. */
  private search(bytes: Buffer, from: number, end: number, hash: number, first: number): number {
    const { slots, mask } = this;
    for (let step = 0; step < WINDOW; step += 1) {
      const at = ((first + step) & mask) * SLOT;
      const entry = slots[at] ?? 0;
      if (entry === 0) return 0;
      if (slots[at + 1] !== hash) continue;
      const start = slots[at + 2] ?? 0;
      if ((slots[at + 3] ?? 0) - start !== end - from) continue;
      if (this.holds(start, bytes, from, end)) return entry;
    }
    return -1;
  }

  private holds(start: number, bytes: Buffer, from: number, end: number): boolean {
    const length = end - from;
    const { keys } = this;
    if (length > SHORT_KEY) return bytes.compare(keys, start, start + length, from, end) === 0;
    for (let at = 0; at < length; at += 1) {
      if (bytes[from + at] !== keys[start + at]) return false;
    }
    return true;
  }

  add(bytes: Buffer, from: number, end: number, value: T): void {
    if (this.values.length * 2 > this.mask) this.grow();
    const start = this.keysEnd;
    const keyEnd = start + end - from;
    if (keyEnd > this.keys.length) this.growKeys(keyEnd);
    bytes.copy(this.keys, start, from, end);
    const hash = sampledHash(bytes, from, end, this.seed);
    if (!this.place(this.values.length + 1, hash, start, keyEnd)) return;
    this.keysEnd = keyEnd;
    this.values.push(value);
    this.held += keyEnd - start + ENTRY_BYTES;
  }

  private place(entry: number, hash: number, start: number, end: number): boolean {
    let at = this.free(hash);
    if (at < 0) at = this.free(fullHash(this.keys, start, end, ~this.seed));
    if (at < 0) return false;
    this.slots[at] = entry;
    this.slots[at + 1] = hash;
    this.slots[at + 2] = start;
    this.slots[at + 3] = end;
    return true;
  }

  private free(first: number): number {
    for (let step = 0; step < WINDOW; step += 1) {
      const at = ((first + step) & this.mask) * SLOT;
      if (this.slots[at] === 0) return at;
    }
    return -1;
  }

  private grow(): void {
    const { slots } = this;
    this.slots = new Int32Array(slots.length * 2);
    this.mask = this.mask * 2 + 1;
    for (let at = 0; at < slots.length; at += SLOT) {
      const [entry = 0, hash = 0, start = 0, end = 0] = slots.subarray(at, at + SLOT);
      // One that finds no place any more is forgotten.
      if (entry !== 0) this.place(entry, hash, start, end);
    }
  }

  private growKeys(needed: number): void {
    const keys = Buffer.allocUnsafeSlow(Math.max(needed, this.keys.length * 2));
    this.keys.copy(keys, 0, 0, this.keysEnd);
    this.keys = keys;
  }
}

const FACTOR = 0x0100_0193;
/** Bytes at either end of a long key that its sampled hash sees whole: that is where names of pods and ids stand. */
const HEAD = 16;
const TAIL = 48;
const MIDDLE_WORDS = 4;

/** Of short keys a hash of every byte, of long ones of some. */
function sampledHash(bytes: Buffer, from: number, end: number, seed: number): number {
  const length = end - from;
  if (length <= HEAD + TAIL) return fullHash(bytes, from, end, seed);
  let hash = seed ^ length;
  for (let at = from; at < from + HEAD; at += 4) hash = mixWord(hash, bytes, at);
  const stride = Math.floor((length - HEAD - TAIL) / MIDDLE_WORDS);
  for (let word = 0; word < MIDDLE_WORDS; word += 1) {
    hash = mixWord(hash, bytes, from + HEAD + word * stride);
  }
  for (let at = end - TAIL; at < end; at += 4) hash = mixWord(hash, bytes, at);
  return finish(hash);
}

function fullHash(bytes: Buffer, from: number, end: number, seed: number): number {
  let hash = seed ^ (end - from);
  let at = from;
  for (; at + 4 <= end; at += 4) hash = mixWord(hash, bytes, at);
  for (; at < end; at += 1) hash = Math.imul(hash ^ (bytes[at] ?? 0), FACTOR);
  return finish(hash);
}

function mixWord(hash: number, bytes: Buffer, at: number): number {
  const word =
    (bytes[at] ?? 0) |
    ((bytes[at + 1] ?? 0) << 8) |
    ((bytes[at + 2] ?? 0) << 16) |
    ((bytes[at + 3] ?? 0) << 24);
  const mixed = Math.imul(hash ^ word, 0x85eb_ca6b);
  return mixed ^ (mixed >>> 15);
}

function finish(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 16), 0xc2b2_ae35);
  return mixed ^ (mixed >>> 13);
}
