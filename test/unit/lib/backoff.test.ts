import { expect, test } from 'vitest';
import { createBackoff } from '../../../server/lib/backoff.ts';

test('waits double up to the longest, spread by a fifth, and begin anew after a reset', () => {
  const waits = (random: number): readonly number[] => {
    const backoff = createBackoff({ firstMs: 1_000, maxMs: 30_000 }, () => random);
    const all = Array.from({ length: 7 }, () => backoff.next());
    backoff.reset();
    return [...all, backoff.next()];
  };
  expect(waits(0.5)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 1_000]);
  expect(waits(0)).toEqual([800, 1_600, 3_200, 6_400, 12_800, 24_000, 24_000, 800]);
  expect(waits(1)).toEqual([1_200, 2_400, 4_800, 9_600, 19_200, 36_000, 36_000, 1_200]);
});
