/** First and last second that RFC 3339 can write: years 1 to 9999. */
const FIRST_SECOND = -62_135_596_800n;
const LAST_SECOND = 253_402_300_799n;

/** What was rendered last: flows come thousands to the second. */
let lastSecond: bigint | undefined;
let lastText = '';

/**
 * A protobuf Timestamp as proto3 JSON writes it: UTC, 0, 3, 6 or 9 fractional digits. Answers `undefined` for
 * one that is outside the years 1 to 9999 or whose nanoseconds are not a fraction of a second.
 */
export function formatSeconds(seconds: bigint, nanos: number): string | undefined {
  if (seconds < FIRST_SECOND || seconds > LAST_SECOND || nanos < 0 || nanos > 999_999_999) {
    return undefined;
  }
  if (seconds !== lastSecond) {
    lastText = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
    lastSecond = seconds;
  }
  if (nanos === 0) return `${lastText}Z`;
  const digits = String(nanos).padStart(9, '0');
  if (nanos % 1_000_000 === 0) return `${lastText}.${digits.slice(0, 3)}Z`;
  if (nanos % 1000 === 0) return `${lastText}.${digits.slice(0, 6)}Z`;
  return `${lastText}.${digits}Z`;
}
