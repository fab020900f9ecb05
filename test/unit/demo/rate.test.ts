import { expect, test } from 'vitest';
import { newestPerNode } from '../../../server/demo/backlog.ts';
import { flowsBetween, rateAt } from '../../../server/demo/rate.ts';
import { createTimeline } from '../../../server/demo/timeline.ts';

const START = 1_800_000_000;
const RATES = {
  startSecond: START,
  flowsPerSecond: 40,
  pastFlowsPerSecond: 5,
  pastRisesTo: 40,
};

test('the past meets the present without a step, and a quarter of an hour before is half as busy', () => {
  expect(rateAt(RATES, START - 1)).toBeCloseTo(rateAt(RATES, START), 0);
  expect(rateAt(RATES, START - 900)).toBeGreaterThan(20);
  expect(rateAt(RATES, START - 7200)).toBeLessThan(6);
});

test('a past that does not rise is flat', () => {
  const flat = { startSecond: START, flowsPerSecond: 40, pastFlowsPerSecond: 5 };
  expect([1, 900, 7200].map((age) => rateAt(flat, START - age))).toEqual([5, 5, 5]);
});

test('the flows that are expected of a span are the sum of its seconds', () => {
  for (const [from, to] of [
    [-7200, 0],
    [-600, 300],
    [-7200, -3600],
    [20, 50],
  ] as const) {
    let sum = 0;
    for (let second = from; second < to; second += 1) sum += rateAt(RATES, START + second + 0.5);
    expect(flowsBetween(RATES, START + from, START + to)).toBeCloseTo(sum, 1);
  }
});

test('who asks for more than the past holds is told all of it, whether it was counted or not', () => {
  const timeline = createTimeline({ ...RATES, seed: 1, nodeCount: 4, scenario: 'story' });
  const range = { oldest: START - 300, end: BigInt(START) * 1_000_000_000n };
  const expected = flowsBetween(RATES, range.oldest, START);
  const counted = newestPerNode(timeline, range, Math.ceil(expected));
  const uncounted = newestPerNode(timeline, range, 1_000_000);
  expect(uncounted).toEqual(counted);
});
