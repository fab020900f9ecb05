/**
 * Nanoseconds since 1970-01-01T00:00:00Z. Hubble tells nanoseconds, which do not fit a Date or a double. Stores
 * keep them as signed 64-bit integers, so times run from 1677-09-21 to 2262-04-11.
 */
export type EpochNanos = bigint & { readonly __brand: 'EpochNanos' };

/** A span of time; `from` belongs to it, `to` does not. */
export type TimeWindow = { readonly from: EpochNanos; readonly to: EpochNanos };

export const NANOS_PER_MILLI = 1_000_000n;
export const NANOS_PER_SECOND = 1_000_000_000n;

/** Asserts that a bigint is a count of nanoseconds since 1970. */
export const nanos = (value: bigint): EpochNanos => value as EpochNanos;

const FIRST_NANOS = -(2n ** 63n);
/** One less than 64 bits hold, since the end of a window is the nanosecond after its last time. */
const LAST_NANOS = 2n ** 63n - 2n;

/** A count that somebody else wrote; `undefined` when no store could hold it as a time (see `EpochNanos`). */
export const nanosInRange = (value: bigint): EpochNanos | undefined =>
  value < FIRST_NANOS || value > LAST_NANOS ? undefined : nanos(value);

export const nanosFromMillis = (millis: number): EpochNanos =>
  nanos(BigInt(Math.trunc(millis)) * NANOS_PER_MILLI);

/** Of whole seconds since 1970. */
export const nanosFromSeconds = (seconds: number): EpochNanos =>
  nanos(BigInt(seconds) * NANOS_PER_SECOND);

/** Milliseconds since 1970, rounded down. */
export const millisFromNanos = (time: EpochNanos): number => Number(time / NANOS_PER_MILLI);

const RFC3339 =
  /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d{2}:\d{2})$/;

/**
 * Reads RFC 3339 with up to nine fractional digits. Answers `undefined` when the text is not such a time, or is
 * outside the years that `EpochNanos` spans: Go writes `0001-01-01T00:00:00Z` for no time at all.
 */
export function parseTime(text: string): EpochNanos | undefined {
  const match = RFC3339.exec(text);
  if (match === null) return undefined;
  const [, date, clock, fraction = '', zone = 'Z'] = match;
  const millis = Date.parse(`${date}T${clock}${zone.toUpperCase()}`);
  if (Number.isNaN(millis)) return undefined;
  return nanosInRange(BigInt(millis) * NANOS_PER_MILLI + BigInt(fraction.padEnd(9, '0')));
}

/** RFC 3339 in UTC with nine fractional digits, the one form in which times leave the server. */
export function formatTime(time: EpochNanos): string {
  let seconds = time / NANOS_PER_SECOND;
  let fraction = time % NANOS_PER_SECOND;
  if (fraction < 0n) {
    seconds -= 1n;
    fraction += NANOS_PER_SECOND;
  }
  const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, -5);
  return `${whole}.${fraction.toString().padStart(9, '0')}Z`;
}
