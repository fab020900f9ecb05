import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Gap } from '../../../server/core/flow.ts';
import { nanos, NANOS_PER_SECOND } from '../../../server/core/time.ts';
import { createLosses } from '../../../server/sources/fold-gaps.ts';

const UINT64 = 2n ** 64n - 1n;
const at = (seconds: number): Gap['from'] => nanos(BigInt(seconds) * NANOS_PER_SECOND);
const loss = (differences: Partial<Gap>): Gap => ({
  kind: 'lost',
  origin: 'relay',
  node: 'c/a',
  from: at(0),
  to: at(1),
  count: 1n,
  reason: 'HUBBLE_RING_BUFFER',
  ...differences,
});
const sumOf = (gaps: readonly Gap[]): bigint =>
  gaps.reduce((sum, { count }) => sum + (count ?? 0n), 0n);

test('counts stay exact and memory bounded, whatever nodes, causes and times a storm has (fault 56)', () => {
  const anyLoss = fc.record({
    node: fc.string({ maxLength: 3 }),
    reason: fc.constantFrom('HUBBLE_RING_BUFFER', 'PERF_EVENT_RING_BUFFER', 'new one'),
    seconds: fc.integer({ min: 0, max: 4_000_000_000 }),
    count: fc.bigInt({ min: 0n, max: UINT64 }),
  });
  fc.assert(
    fc.property(
      fc.array(anyLoss, { maxLength: 300 }),
      fc.integer({ min: 2, max: 9 }),
      (all, limit) => {
        const losses = createLosses(limit);
        for (const { seconds, ...told } of all) {
          losses.add(loss({ ...told, from: at(seconds), to: at(seconds + 1) }));
          expect(losses.size()).toBeLessThan(limit);
        }
        const taken = losses.take(at(0), true);
        expect(sumOf(taken)).toBe(all.reduce((sum, { count }) => sum + count, 0n));
        for (const { seconds, node } of all) {
          expect(
            taken.some(
              (gap) =>
                gap.from <= at(seconds) &&
                gap.to >= at(seconds + 1) &&
                (gap.node === node || gap.node === ''),
            ),
          ).toBe(true);
        }
      },
    ),
  );
});

test('losses of one node, cause and ten seconds are one record, told once a second', () => {
  const losses = createLosses();
  for (let n = 0; n < 1_000; n += 1)
    losses.add(loss({ from: at(Math.floor(n / 200)), to: at(Math.floor(n / 200)) }));
  expect(losses.take(at(100), false)).toMatchObject([{ node: 'c/a', count: 1_000n }]);
  losses.add(loss({}));
  expect(losses.take(at(100), false)).toEqual([]);
  expect(losses.take(at(101), false)).toMatchObject([{ count: 1n }]);
  losses.add(loss({}));
  expect(losses.take(at(101), true)).toMatchObject([{ count: 1n }]);
});
