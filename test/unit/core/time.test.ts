import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatTime, nanos, parseTime } from '../../../server/core/time.ts';
import { isLive, parseTimeRange, resolveRange } from '../../../server/core/time-range.ts';

/** What 64 bits hold; the last nanosecond is left for the end of a window. */
const [FIRST, LAST] = [-(2n ** 63n), 2n ** 63n - 2n];

describe('time', () => {
  test('keeps nanoseconds through text and back, before 1970 and after 2106 too (fault 68)', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.bigInt({ min: FIRST, max: LAST }), fc.constantFrom(FIRST, LAST)),
        (value) => {
          expect(parseTime(formatTime(nanos(value)))).toBe(value);
        },
      ),
    );
  });

  test('outside what 64 bits hold is no time, so that no store has to refuse it (fault 68)', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.bigInt({ min: -62_135_596_800_000_000_000n, max: FIRST - 1n }),
          fc.bigInt({ min: LAST + 1n, max: 253_402_300_799_999_999_999n }),
          fc.constantFrom(FIRST - 1n, LAST + 1n),
        ),
        (value) => {
          expect(parseTime(formatTime(nanos(value)))).toBeUndefined();
        },
      ),
    );
    expect(parseTime('0001-01-01T00:00:00Z')).toBeUndefined();
  });

  test.each([
    ['2026-01-02T03:04:05Z', '2026-01-02T03:04:05.000000000Z'],
    ['2026-01-02T03:04:05.5+02:00', '2026-01-02T01:04:05.500000000Z'],
    ['2026-01-02T03:04:05.678901234Z', '2026-01-02T03:04:05.678901234Z'],
  ])('reads %s', (text, canonical) => {
    expect(formatTime(parseTime(text)!)).toBe(canonical);
  });

  test.each(['', 'now', '2026-13-01T00:00:00Z', '2026-01-02', 'not a time'])(
    'refuses %j',
    (text) => {
      expect(parseTime(text)).toBeUndefined();
    },
  );
});

describe('a time range', () => {
  const now = parseTime('2026-05-03T12:00:00Z')!;
  const resolved = (text: string): readonly string[] => {
    const window = resolveRange(parseTimeRange(text)!, now)!;
    return [formatTime(window.from).slice(11, 19), formatTime(window.to).slice(11, 19)];
  };

  test.each([
    ['15m', '11:45:00', '12:00:00'],
    ['now-2h..now-1h', '10:00:00', '11:00:00'],
    ['2026-05-03T10:00:00Z..now', '10:00:00', '12:00:00'],
  ])('%s is resolved against now', (text, from, to) => {
    expect(resolved(text)).toEqual([from, to]);
  });

  test('that ends before it begins has no window', () => {
    expect(resolveRange(parseTimeRange('now..now-1h')!, now)).toBeUndefined();
  });

  test.each(['', '15', '15y', 'now-..now', 'a..b', 'now-15m'])('refuses %j', (text) => {
    expect(parseTimeRange(text)).toBeUndefined();
  });

  test('is live only when it ends at now', () => {
    expect(isLive(parseTimeRange('15m')!)).toBe(true);
    expect(isLive(parseTimeRange('now-2h..now-1h')!)).toBe(false);
    expect(isLive(parseTimeRange('now-1h..2026-05-03T10:00:00Z')!)).toBe(false);
  });
});
