import { expect, test } from 'vitest';
import { nanos } from '../../../../server/core/time.ts';
import type { BlockHeader } from '../../../../server/store/sqlite/block-set.ts';
import { planMerge } from '../../../../server/store/sqlite/merge.ts';

const LIMITS = { blockRows: 100, fanIn: 3 };

/** Blocks of these sizes, one after the other; a level above 0 follows the size. */
function blocks(...sizes: readonly (readonly [rows: number, level?: number])[]): BlockHeader[] {
  let seq = 1;
  return sizes.map(([rows, level = 0]) => {
    const firstSeq = seq;
    seq += rows;
    return {
      ...{ firstSeq, lastSeq: seq - 1, rows, level },
      ...{ minObserved: nanos(0n), maxObserved: nanos(0n), maxReceived: nanos(0n) },
      verdicts: { allowed: rows, dropped: 0, audit: 0, error: 0, unknown: 0 },
    };
  });
}

test('few small blocks are left alone', () => {
  expect(planMerge([], LIMITS)).toBeUndefined();
  expect(planMerge(blocks([100], [5], [5]), LIMITS)).toBeUndefined();
});

test('as many neighbors of one level as the fan-in are merged', () => {
  const list = blocks([40, 1], [5], [5], [5]);
  expect(planMerge(list, LIMITS)).toEqual(list.slice(1));
});

test('small blocks that fill a block together are merged whatever their level', () => {
  const list = blocks([100], [60, 2], [30, 1], [10]);
  expect(planMerge(list, LIMITS)).toEqual(list.slice(1));
});

test('a full block is not merged again, except as the newest one behind small ones', () => {
  expect(planMerge(blocks([100, 1], [100, 1], [100, 1]), LIMITS)).toBeUndefined();
  const list = blocks([100], [5], [100]);
  expect(planMerge(list, LIMITS)).toEqual(list.slice(1));
});

test('blocks on both sides of pruned flows are not merged', () => {
  const [first, , ...rest] = blocks([5], [5], [5], [5]);
  expect(planMerge([first!, ...rest], LIMITS)).toBeUndefined();
});
