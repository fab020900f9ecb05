import { expect, test } from 'vitest';
import { nanos } from '../../../server/core/time.ts';
import { createSourceCounter } from '../../../server/operations/source-counts.ts';
import { aDrop, aFlow, batchOf } from '../../support/flow.ts';

const rejection = (reason: string, count: number) => ({ reason, count, sample: '' });
const nothing = { flows: [], firstSeq: 1, blocks: [], gaps: [] };

test('a source counts what was committed, not what it told twice', () => {
  const counter = createSourceCounter();
  const told = [aFlow(), aDrop(), aDrop()];
  const gap = { origin: 'test', node: '', from: nanos(0n), to: nanos(1n), reason: '' };
  counter.add(batchOf(told, { rejected: [rejection('not-json', 2)] }), {
    ...nothing,
    flows: told.slice(0, 2),
    gaps: [
      { ...gap, kind: 'lost', count: 7n },
      { ...gap, kind: 'unwatched', count: undefined },
    ],
  });
  expect(counter.counts()).toEqual({
    flows: { allowed: 1, dropped: 1, audit: 0, error: 0, unknown: 0 },
    lost: 7,
    rejected: [['not-json', 2]],
  });
});

test('a source with ever new reasons has at most 33, and loses no record of them (fault 59)', () => {
  const counter = createSourceCounter();
  for (let at = 0; at < 1_000; at += 1) {
    counter.add(batchOf([], { rejected: [rejection(`reason-${at}`, 1)] }), nothing);
  }
  const { rejected } = counter.counts();
  expect(rejected).toHaveLength(33);
  expect(rejected.reduce((sum, [, count]) => sum + count, 0)).toBe(1_000);
});
