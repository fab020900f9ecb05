import { expect, test } from 'vitest';
import { fuzzLines } from '../../fuzz/lines.ts';

test('no mutated line of any format throws or is dropped in silence (fault 33)', () => {
  const { lines, flows, gaps, empty, rejected } = fuzzLines({ count: 20_000, seed: 51 });
  const counted = [...rejected.values()].reduce((sum, count) => sum + count, 0);
  // A line that keeps its flow without an unreadable policy is counted as both.
  const both = rejected.get('unreadable policy string (flow kept)') ?? 0;
  expect(flows + gaps + empty + counted - both).toBe(lines);
  expect(flows).toBeGreaterThan(lines / 4);
  expect(rejected.size).toBeGreaterThan(5);
});
