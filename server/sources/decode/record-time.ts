import { nanosInRange, parseTime, type EpochNanos } from '../../core/time.ts';

/** Characters of `2026-01-02T03:04:05`. */
const WHOLE = 19;

let lastWhole = '';
let lastBase = 0n;

/**
 * RFC 3339 as records write it. Flows come thousands to the second, so the last second read is remembered and
 * only the fraction of the next one is parsed. Answers `undefined` where `parseTime` does.
 */
export function recordTime(text: string): EpochNanos | undefined {
  const end = text.length - 1;
  if (text.charCodeAt(end) !== 0x5a /* Z */ || end < WHOLE) return parseTime(text);
  const whole = text.slice(0, WHOLE);
  if (whole !== lastWhole) {
    const base = parseTime(`${whole}Z`);
    if (base === undefined) return parseTime(text);
    lastWhole = whole;
    lastBase = base;
  }
  if (end === WHOLE) return nanosInRange(lastBase);
  const digits = text.slice(WHOLE + 1, end);
  if (digits.length > 9 || text.charCodeAt(WHOLE) !== 0x2e /* . */ || !/^\d+$/.test(digits)) {
    return parseTime(text);
  }
  return nanosInRange(lastBase + BigInt(Number(digits) * 10 ** (9 - digits.length)));
}
