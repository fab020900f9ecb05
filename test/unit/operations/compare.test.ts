import { describe, expect, test } from 'vitest';
import { nanos, type TimeWindow } from '../../../server/core/time.ts';
import { compareRows, windowBefore } from '../../../server/operations/compare.ts';
import type { SummaryRow } from '../../../server/store/flow-store.ts';

const HOUR = 3_600_000_000_000n;
const hours = (from: bigint, to: bigint): TimeWindow => ({
  from: nanos(from * HOUR),
  to: nanos(to * HOUR),
});

const row = (keys: readonly string[] | undefined, events: number): SummaryRow => ({
  ...{ keys, records: 1, events, series: [events] },
  ...{ firstAt: nanos(1n), lastAt: nanos(2n) },
});

const count = (within: TimeWindow, events: Readonly<Record<string, number>>, rest = 0) => ({
  within,
  rows: [
    ...Object.entries(events).map(([key, value]) => row([key], value)),
    ...(rest === 0 ? [] : [row(undefined, rest)]),
  ],
});

describe('two windows compared', () => {
  test('tell what is new, what is gone, what changed, and by how much', () => {
    const { rows, changes } = compareRows(
      count(hours(1n, 2n), { web: 30, db: 10, dns: 7 }),
      count(hours(0n, 1n), { web: 10, dns: 7, old: 5 }),
    );
    expect(rows).toMatchObject([
      { keys: ['web'], change: 'changed', ratio: 3 },
      { keys: ['db'], change: 'new', current: { events: 10 }, baseline: undefined },
      { keys: ['old'], change: 'gone', current: undefined, baseline: { events: 5 } },
    ]);
    expect(changes).toEqual({ new: 1, gone: 1, changed: 1, same: 1, undecided: 0 });
  });

  test('of different lengths are compared by rate', () => {
    const { rows, changes } = compareRows(
      count(hours(24n, 25n), { steady: 5, doubled: 20 }),
      count(hours(0n, 24n), { steady: 120, doubled: 240 }),
    );
    expect(rows).toMatchObject([
      { keys: ['doubled'], current: { perHour: 20 }, baseline: { perHour: 10 }, ratio: 2 },
    ]);
    expect(changes.same).toBe(1);
  });

  test('know equal rates that differ as quotients', () => {
    const minutes = (from: bigint, to: bigint) => ({
      from: nanos((from * HOUR) / 60n),
      to: nanos((to * HOUR) / 60n),
    });
    // As quotients they are 60 and 60.00000000000001.
    const { changes } = compareRows(
      count(minutes(11n, 12n), { a: 1 }),
      count(minutes(0n, 11n), { a: 11 }),
    );
    expect(changes).toMatchObject({ same: 1, changed: 0 });
  });

  test('call nothing new or gone that the other window may hold among what it did not tell apart', () => {
    const { rows, changes } = compareRows(
      count(hours(1n, 2n), { web: 30 }, 100),
      count(hours(0n, 1n), { db: 10 }, 1),
    );
    expect(rows.map(({ keys, change }) => [keys, change])).toEqual([
      [['web'], 'undecided'],
      [['db'], 'undecided'],
    ]);
    expect(changes).toMatchObject({ new: 0, gone: 0, undecided: 2 });
  });

  test('give no ratio to what stood for no event', () => {
    const { rows } = compareRows(
      count(hours(1n, 2n), { idle: 3 }),
      count(hours(0n, 1n), { idle: 0 }),
    );
    expect(rows).toMatchObject([{ change: 'changed', ratio: undefined }]);
  });

  test('tell two keys apart however they are spelt', () => {
    const one = { within: hours(1n, 2n), rows: [row(['a","b', 'c'], 1)] };
    const other = { within: hours(0n, 1n), rows: [row(['a', 'b","c'], 1)] };
    expect(compareRows(one, other).changes).toMatchObject({ new: 1, gone: 1, same: 0 });
  });

  test('lie side by side where only one was told', () => {
    expect(windowBefore(hours(5n, 7n))).toEqual(hours(3n, 5n));
  });
});
