/** A stream of numbers that is the same for the same seed on every machine. */
export type Random = {
  /** In [0, 1). */
  unit(): number;
  /** Whole number in [0, below). */
  below(limit: number): number;
  /** 32 random bits, unsigned. */
  bits(): number;
  chance(probability: number): boolean;
  pick<T>(items: readonly T[]): T;
};

/** Mixes integers into one 32-bit seed. Neighbouring inputs give unrelated seeds. */
export function mixSeed(...parts: readonly number[]): number {
  let hash = 0x9e3779b9;
  for (const part of parts) {
    // The low and high words count, so that large epoch seconds differ too.
    for (const word of [part >>> 0, Math.floor(part / 0x1_0000_0000) >>> 0]) {
      hash = Math.imul(hash ^ word, 0x85ebca6b);
      hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
      hash ^= hash >>> 16;
    }
  }
  return hash >>> 0;
}

/** 32-bit seed of a text. */
export function textSeed(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return hash >>> 0;
}

/** mulberry32: small, fast, and good enough for traffic that only has to look alive. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const bits = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const unit = (): number => bits() / 0x1_0000_0000;
  const below = (limit: number): number => Math.floor(unit() * limit);
  return {
    unit,
    below,
    bits,
    chance: (probability) => unit() < probability,
    pick: (items) => {
      const item = items[below(items.length)];
      if (item === undefined) throw new RangeError('cannot pick from an empty list');
      return item;
    },
  };
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

const hexByte = (word: number, shift: number): string => HEX[(word >>> shift) & 0xff] ?? '00';

/** A version 4 UUID. */
export function randomUuid(random: Random): string {
  const a = random.bits();
  const b = (random.bits() & 0xffff0fff) | 0x00004000;
  const c = (random.bits() & 0x3fffffff) | 0x80000000;
  const d = random.bits();
  return (
    hexByte(a, 24) +
    hexByte(a, 16) +
    hexByte(a, 8) +
    hexByte(a, 0) +
    '-' +
    hexByte(b, 24) +
    hexByte(b, 16) +
    '-' +
    hexByte(b, 8) +
    hexByte(b, 0) +
    '-' +
    hexByte(c, 24) +
    hexByte(c, 16) +
    '-' +
    hexByte(c, 8) +
    hexByte(c, 0) +
    hexByte(d, 24) +
    hexByte(d, 16) +
    hexByte(d, 8) +
    hexByte(d, 0)
  );
}

/** A locally administered unicast MAC address. */
export function randomMac(random: Random): string {
  const high = random.bits();
  const low = random.bits();
  const first = HEX[((high & 0xfc) | 0x02) & 0xff] ?? '02';
  return [
    first,
    hexByte(high, 8),
    hexByte(high, 16),
    hexByte(low, 0),
    hexByte(low, 8),
    hexByte(low, 16),
  ].join(':');
}

const SAFE = 'bcdfghjklmnpqrstvwxz2456789';

/** What Kubernetes makes of the decimal digits of a pod template's hash. */
const TEMPLATE_HASH = '456789bcdf';

const randomText = (random: Random, letters: string, length: number): string =>
  Array.from({ length }, () => letters.charAt(random.below(letters.length))).join('');

/** Hash of a pod template, as it stands in the names of a Deployment's pods. */
export const randomTemplateHash = (random: Random): string =>
  randomText(random, TEMPLATE_HASH, 9 + random.below(2));

/** Letters and digits as Kubernetes draws them for generated names: no vowels, so no words. */
export const randomSuffix = (random: Random, length: number): string =>
  randomText(random, SAFE, length);
