/** Counts of one minute; the same of an hour are their sums. */
export type MinuteCounts = {
  readonly allowed: number;
  readonly denied: number;
  /** Audited, or decided by a policy that is staged. */
  readonly staged: number;
  /** Of the denied and staged ones, those that are the hits of other policies too. */
  readonly shared: number;
};

/** By the minute of the hour, 0 to 59. */
type HourMinutes = ReadonlyMap<number, MinuteCounts>;

export const NO_COUNTS: MinuteCounts = { allowed: 0, denied: 0, staged: 0, shared: 0 };

export const addCounts = (a: MinuteCounts, b: MinuteCounts): MinuteCounts => ({
  allowed: a.allowed + b.allowed,
  denied: a.denied + b.denied,
  staged: a.staged + b.staged,
  shared: a.shared + b.shared,
});

/**
 * The minutes of an hour in which something was counted, as numbers of variable length: some five bytes a minute, where
 * a row of the database takes sixty.
 */
export function packMinutes(minutes: HourMinutes): Buffer {
  const bytes: number[] = [];
  for (const [minute, { allowed, denied, staged, shared }] of minutes)
    for (const number of [minute, allowed, denied, staged, shared]) pushNumber(bytes, number);
  return Buffer.from(bytes);
}

export function unpackMinutes(bytes: Uint8Array): Map<number, MinuteCounts> {
  const minutes = new Map<number, MinuteCounts>();
  const numbers = readNumbers(bytes);
  for (let at = 0; at + 4 < numbers.length; at += 5) {
    const [minute = 0, allowed = 0, denied = 0, staged = 0, shared = 0] = numbers.slice(at, at + 5);
    minutes.set(minute, { allowed, denied, staged, shared });
  }
  return minutes;
}

/** Seven bits a byte, lowest first; the highest bit says that more follow. Counts may be larger than 32 bits. */
function pushNumber(bytes: number[], number: number): void {
  let rest = number;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  bytes.push(rest);
}

function readNumbers(bytes: Uint8Array): readonly number[] {
  const numbers: number[] = [];
  let number = 0;
  let scale = 1;
  for (const byte of bytes) {
    number += (byte % 128) * scale;
    scale *= 128;
    if (byte >= 128) continue;
    numbers.push(number);
    number = 0;
    scale = 1;
  }
  return numbers;
}
