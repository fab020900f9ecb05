import { describe, expect, test } from 'vitest';
import { nanos, NANOS_PER_MILLI, parseTime } from '../../../server/core/time.ts';
import { createSkewWatch, type SkewWatch } from '../../../server/sources/clock-skew.ts';
import { aFlow } from '../../support/flow.ts';

const NOON = parseTime('2026-01-02T12:00:00Z')!;

/** A node tells a flow a second for a while; `lateMs` says how long each takes to arrive. */
function hear(
  watch: SkewWatch,
  node: string,
  seconds: number,
  lateMs: (second: number) => number,
  from = 0,
): void {
  for (let second = from; second < from + seconds; second += 1) {
    const receivedAt = nanos(NOON + BigInt(second) * 1000n * NANOS_PER_MILLI);
    const observedAt = nanos(receivedAt - BigInt(Math.round(lateMs(second))) * NANOS_PER_MILLI);
    watch.see([aFlow({ node, observedAt, receivedAt })]);
  }
}

describe('clocks of nodes (fault 68)', () => {
  test('one flow from the future shows a clock that is ahead', () => {
    const watch = createSkewWatch();
    hear(watch, 'a', 1, () => -3_600_000);
    expect(watch.worst()).toEqual({ node: 'a', ms: 3_600_000 });
  });

  test('five seconds either way are nothing', () => {
    const watch = createSkewWatch();
    hear(watch, 'a', 60, () => -5_000);
    hear(watch, 'b', 60, () => 5_000);
    expect(watch.worst()).toBeUndefined();
  });

  test('a clock that is behind shows when flows are late by the same all the time', () => {
    const watch = createSkewWatch();
    hear(watch, 'a', 15, () => 3_600_000);
    expect(watch.worst()).toBeUndefined();
    hear(watch, 'a', 15, (second) => 3_600_000 + (second % 7) * 100, 15);
    expect(watch.worst()).toEqual({ node: 'a', ms: -3_600_000 });
  });

  test('a backlog that is read is late and no clock is wrong', () => {
    const watch = createSkewWatch();
    hear(watch, 'a', 60, (second) => Math.max(100, 3_600_000 - second * 60_000));
    expect(watch.worst()).toBeUndefined();
  });

  test('a clock that was set right is no longer told, and the worst of several is', () => {
    const watch = createSkewWatch();
    hear(watch, 'a', 5, () => -60_000);
    hear(watch, 'b', 5, () => -7_200_000);
    expect(watch.worst()?.node).toBe('b');
    hear(watch, 'b', 30, () => 100, 5);
    expect(watch.worst()).toEqual({ node: 'a', ms: 60_000 });
    hear(watch, 'a', 30, () => 100, 5);
    expect(watch.worst()).toBeUndefined();
  });
});
