import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SummaryResponse } from '../../../server/http/contract.ts';
import {
  addCounts,
  bucketsOf,
  planBuckets,
  totalOf,
  wantsDropAxis,
} from '../../../web/src/state/buckets.ts';
import { COMPLETE } from './flows.ts';

const counts = (allowed: number, dropped: number) => ({
  allowed,
  dropped,
  audit: 0,
  error: 0,
  unknown: 0,
});

function summary(rows: Readonly<Record<string, readonly number[]>>): SummaryResponse {
  return {
    by: ['verdict'],
    q: '',
    range: { from: '', to: '' },
    rows: Object.entries(rows).map(([key, series]) => ({
      ...{ keys: [key], records: 0, events: 0, series },
      ...{ firstAt: null, lastAt: null },
    })),
    groups: Object.keys(rows).length,
    untold: { records: 0, events: 0 },
    head: 0,
    gaps: [],
    completeness: COMPLETE,
  };
}

const PLAN = { from: 0, to: 30_000, count: 3 };

describe('buckets of the histogram', () => {
  test('cover the range, none narrower than four pixels, on borders that stay', () => {
    const time = fc.integer({ min: 1_000_000_000_000, max: 1_800_000_000_000 });
    fc.assert(
      fc.property(
        time,
        fc.integer({ min: 60_000, max: 604_800_000 }),
        fc.integer({ min: 100, max: 3_000 }),
        (from, span, width) => {
          const plan = planBuckets(from, from + span, width);
          const step = (plan.to - plan.from) / plan.count;
          expect(plan.from).toBeLessThanOrEqual(from);
          expect(plan.to).toBeGreaterThanOrEqual(from + span);
          expect(plan.count).toBeLessThanOrEqual(width / 4 + 2);
          expect(plan.from % step).toBe(0);
          expect(planBuckets(from + 1, from + span + 1, width).from % step).toBe(0);
        },
      ),
    );
  });

  test('read the query language’s words for verdicts', () => {
    const buckets = bucketsOf(
      summary({ forwarded: [1, 2, 3], audited: [0, 1, 0], dropped: [0, 0, 4], '': [1, 0, 0] }),
      PLAN,
    );
    expect(buckets.series).toMatchObject({
      allowed: [1, 2, 3],
      audit: [0, 1, 0],
      dropped: [0, 0, 4],
      unknown: [1, 0, 0],
    });
  });

  test('grow by ticks and move on with time', () => {
    const first = bucketsOf(summary({ forwarded: [1, 1, 1] }), PLAN);
    const second = addCounts(first, counts(5, 1), 29_000);
    expect(second.series.allowed).toEqual([1, 1, 6]);
    const third = addCounts(second, counts(2, 0), 41_000);
    expect(third.from).toBe(20_000);
    expect(third.series.allowed).toEqual([6, 0, 2]);
    expect(third.series.dropped).toEqual([1, 0, 0]);
  });

  test('start empty after a pause longer than the window', () => {
    const first = bucketsOf(summary({ forwarded: [1, 1, 1] }), PLAN);
    expect(addCounts(first, counts(2, 0), 500_000).series.allowed).toEqual([0, 0, 2]);
  });

  test('give drops an axis of their own below one in a hundred, and keep it up to two', () => {
    const rare = bucketsOf(summary({ forwarded: [1_000], dropped: [5] }), PLAN);
    const some = bucketsOf(summary({ forwarded: [1_000], dropped: [15] }), PLAN);
    const none = bucketsOf(summary({ forwarded: [1_000] }), PLAN);
    expect(totalOf(rare, 'dropped')).toBe(5);
    expect(wantsDropAxis(rare, false)).toBe(true);
    expect(wantsDropAxis(some, false)).toBe(false);
    expect(wantsDropAxis(some, true)).toBe(true);
    expect(wantsDropAxis(none, true)).toBe(false);
  });
});
