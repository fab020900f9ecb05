import { describe, expect, test } from 'vitest';
import type { Checkpoint, Gap } from '../../server/core/flow.ts';
import { nanos } from '../../server/core/time.ts';
import {
  allBefore,
  appendAll,
  engines,
  seqsOf,
  someFlows,
  storedOf,
  withoutRaw,
} from '../support/flow-stores.ts';
import { aDrop, aFlow, batchOf } from '../support/flow.ts';

const NEWEST = { limit: 10_000, order: 'newest' } as const;

describe.each(engines)('$name', (engine) => {
  const open = (options?: { readonly small: boolean }) => engine.open(options);

  test('a resumed stream stores nothing twice, and keeps equal records of one connection (faults 41, 54)', async () => {
    await using opened = await open({ small: true });
    const { store } = opened;
    const first = aFlow();
    const twin = aFlow();
    const told = [first, twin, aDrop(), twin, twin, aFlow()];
    await appendAll(store, [told.slice(0, 3), told.slice(3)]);
    expect(store.head()).toBe(6);

    await store.loadCheckpoint('test');
    const fresh = [aFlow(), twin];
    const again = { mayRepeat: true };
    const one = storedOf(await store.append(batchOf(told.slice(4).toReversed(), again)));
    const two = storedOf(await store.append(batchOf([...told.slice(0, 4), ...fresh], again)));
    expect(seqsOf(one)).toEqual([]);
    expect(two.map(({ id }) => id)).toEqual(fresh.map(({ id }) => id));
    expect(seqsOf(two)).toEqual([7, 8]);

    await store.loadCheckpoint('test');
    const { flows } = await store.append(batchOf([twin, twin, twin, twin, twin], again));
    expect(flows).toHaveLength(1);
  });

  test('a record that another source told as well is no repeat', async () => {
    await using opened = await open();
    const flow = aFlow();
    await opened.store.append(batchOf([flow]));
    const other = batchOf([{ ...flow, origin: 'other' }], { origin: 'other', mayRepeat: true });
    expect((await opened.store.append(other)).flows).toHaveLength(1);
  });

  test('gaps, rejections, totals and the checkpoint are those of the batches', async () => {
    await using opened = await open();
    const { store } = opened;
    const gap: Gap = {
      kind: 'lost',
      origin: 'test',
      node: 'east/node-1',
      from: nanos(1_000n),
      to: nanos(2_000n),
      count: 2n ** 64n - 1n,
      reason: 'HUBBLE_RING_BUFFER',
    };
    const unwatched: Gap = { ...gap, kind: 'unwatched', count: undefined, from: nanos(500n) };
    const rejected = [{ reason: 'not-json', count: 2, sample: 'first' }];
    const flows = [aFlow(), aDrop()];
    const checkpoint = 'here' as Checkpoint;
    await store.append(batchOf(flows, { gaps: [gap, unwatched], rejected, checkpoint }));
    await store.append(
      batchOf([], { gaps: [gap], rejected: [{ ...rejected[0]!, sample: 'next' }] }),
    );

    expect(await store.loadCheckpoint('test')).toBe('here');
    expect(await store.loadCheckpoint('other')).toBeUndefined();
    expect(await store.gaps({ from: nanos(1_999n), to: nanos(3_000n) })).toEqual([
      unwatched,
      gap,
      gap,
    ]);
    expect(await store.gaps({ from: nanos(2_000n), to: nanos(3_000n) })).toEqual([]);
    expect(await store.origins()).toMatchObject([
      {
        origin: 'test',
        flows: 2,
        byVerdict: { allowed: 1, dropped: 1, audit: 0, error: 0, unknown: 0 },
        lastObservedAt: flows[1]!.observedAt,
        rejected: [{ reason: 'not-json', count: 4, sample: 'first' }],
        lost: 2n ** 65n - 2n,
      },
    ]);
  });

  test('pruning deletes what was received before the time, keeps the rest, and gives space back', async () => {
    await using opened = await open({ small: true });
    const { store } = opened;
    const bulky = {
      format: 'hubble-json',
      bytes: crypto.getRandomValues(new Uint8Array(9_000)),
    } as const;
    const old = Array.from({ length: 20 }, () =>
      aFlow({ raw: bulky, observedAt: nanos(60_000_000_000n), receivedAt: nanos(61_000_000_000n) }),
    );
    await appendAll(
      store,
      Array.from({ length: 10 }, () => old),
    );
    const kept = await appendAll(store, [someFlows(50)]);
    const before = store.size();
    expect(await store.prune(allBefore(kept[0]!.observedAt))).toBe(200);
    expect(store.size()).toBeLessThan(before / 2);
    const page = await store.page({ where: undefined }, NEWEST);
    expect(page.flows).toEqual(withoutRaw(kept.toReversed()));
    expect(page.head).toBe(250);
    expect(await store.find(1)).toBeUndefined();
    expect(await store.span()).toEqual({ from: kept[0]!.observedAt, to: kept.at(-1)!.observedAt });
  });
});
