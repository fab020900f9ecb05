import { expect, test } from 'vitest';
import type { Gap } from '../../../server/core/flow.ts';
import { nanos } from '../../../server/core/time.ts';
import { createHeldLosses } from '../../../server/operations/held-losses.ts';
import { batchOf } from '../../support/flow.ts';

const RELAY = { kind: 'hubble-relay', name: 'test' } as const;

const lost = (second: number, count: bigint, node = 'n'): Gap => ({
  kind: 'lost',
  origin: 'test',
  node,
  from: nanos(BigInt(second) * 1_000_000_000n),
  to: nanos(BigInt(second) * 1_000_000_000n + 1n),
  count,
  reason: 'HUBBLE_RING_BUFFER',
});

const total = (gaps: readonly Gap[]): bigint =>
  gaps.reduce((sum, { count }) => sum + (count ?? 0n), 0n);

test('losses of batches that were not stored come with the next one, until that is committed', () => {
  const held = createHeldLosses();
  held.hold(RELAY, batchOf([], { gaps: [lost(1, 5n)] }));
  held.hold(RELAY, batchOf([], { gaps: [lost(100, 7n)] }));

  const next = batchOf([], { gaps: [lost(200, 1n)] });
  expect(total(held.with(next).gaps)).toBe(13n);
  expect(total(held.with(next).gaps)).toBe(13n);
  expect(held.with(batchOf([], { origin: 'other' })).gaps).toEqual([]);

  held.forget('test');
  expect(held.with(next)).toBe(next);
});

test('of ever more losses few records are held, and none of their counts is lost', () => {
  const held = createHeldLosses();
  for (let batch = 0; batch < 20; batch += 1) {
    const gaps = Array.from({ length: 1_000 }, (_, at) => lost(batch * 1_000 + at, 3n, `n${at}`));
    held.hold(RELAY, batchOf([], { gaps }));
  }
  const { gaps } = held.with(batchOf([]));
  expect(gaps.length).toBeLessThan(5_000);
  expect(total(gaps)).toBe(60_000n);
});

test('what a file or a missing stretch tells is told again by reading, and not held', () => {
  const held = createHeldLosses();
  held.hold({ kind: 'calico-file', name: 'test' }, batchOf([], { gaps: [lost(1, 5n)] }));
  held.hold(
    RELAY,
    batchOf([], { gaps: [{ ...lost(1, 5n), kind: 'unwatched', count: undefined }] }),
  );
  expect(held.with(batchOf([])).gaps).toEqual([]);
});
