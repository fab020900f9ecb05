import { describe, expect, test } from 'vitest';
import { nanosFromMillis } from '../../../server/core/time.ts';
import { getFlowsResponse } from '../../../server/sources/hubble-proto.ts';
import { eventually } from '../../support/eventually.ts';
import { whole } from '../../support/reconcile.ts';
import { startRingRelay, type RingRelay } from '../../support/ring-relay.ts';
import { storeRelay, type StoredRelay } from '../../support/stored-relay.ts';

/** More than a queue and a batch hold. */
const MANY = 34_000;

/** A store that takes nothing until it is let go. */
function blocked(stored: StoredRelay): () => void {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  stored.hold(promise.then(() => undefined));
  return () => resolve(undefined);
}

function tellMany(relay: RingRelay, count: number, dropEvery: number): void {
  for (let n = 0; n < count; n += 1) {
    relay.tell(`c/node-${n % 3}`, { dropped: n % dropEvery === 0 });
  }
}

const isShedding = ({ reports }: StoredRelay): boolean =>
  reports.at(-1)?.detail?.includes('flows are left out and counted') ?? false;

const dropsOf = (relay: RingRelay): number => relay.told.filter(({ dropped }) => dropped).length;

async function storedDrops({ store }: StoredRelay): Promise<number> {
  const record = (await store.origins()).find(({ origin }) => origin === 'relay');
  return record?.byVerdict.dropped ?? 0;
}

describe('a store that takes a tenth of what comes (fault 58)', () => {
  test('keeps every drop, and what is left out is recorded to the last flow', async () => {
    await using relay = await startRingRelay({ capacity: MANY });
    await using stored = await storeRelay(relay, { patienceMs: 20 });
    await eventually(() => expect(relay.streams()).toHaveLength(1));
    const letGo = blocked(stored);
    tellMany(relay, MANY, 10);
    await eventually(() => expect(isShedding(stored)).toBe(true));
    letGo();

    await eventually(async () => {
      const reckoning = await stored.reckon();
      expect(reckoning.stored + Number(reckoning.recorded)).toBe(relay.told.length);
      expect(reckoning).toEqual({
        ...whole(reckoning.stored),
        missing: reckoning.recorded,
        recorded: reckoning.missing,
      });
    });
    const gaps = await stored.gaps();
    expect(gaps.length).toBeGreaterThan(0);
    for (const gap of gaps)
      expect(gap).toMatchObject({ kind: 'lost', reason: 'dropwise overload' });
    expect(await storedDrops(stored)).toBe(dropsOf(relay));
    expect(stored.failures).toEqual([]);

    relay.tell('c/last');
    await eventually(() => expect(stored.reports.at(-1)?.detail).toBe('version test 1.19.4'));
  });

  test('leaves out drops only where there is nothing else, and says so', async () => {
    await using relay = await startRingRelay({ capacity: MANY });
    await using stored = await storeRelay(relay, { patienceMs: 20 });
    await eventually(() => expect(relay.streams()).toHaveLength(1));
    const letGo = blocked(stored);
    tellMany(relay, MANY, 1);
    await eventually(() => expect(isShedding(stored)).toBe(true));
    letGo();
    await eventually(async () => {
      const { stored: count, missing, recorded, ...wrong } = await stored.reckon();
      expect(count + Number(recorded)).toBe(MANY);
      expect(missing).toBe(recorded);
      expect(wrong).toEqual({ duplicates: [], invented: [], unexplained: [] });
    });
    for (const { reason } of await stored.gaps())
      expect(reason).toBe('dropwise overload, drops too');
  });

  test('a stall that is shorter than the patience loses nothing: the relay waits', async () => {
    await using relay = await startRingRelay({ capacity: MANY });
    await using stored = await storeRelay(relay, { patienceMs: 60_000 });
    await eventually(() => expect(relay.streams()).toHaveLength(1));
    const letGo = blocked(stored);
    tellMany(relay, MANY, 10);
    await eventually(() => expect(stored.reports.at(-1)?.detail).toContain('relay waits'));
    letGo();
    await eventually(async () => expect(await stored.reckon()).toEqual(whole(MANY)));
    expect(await stored.gaps()).toEqual([]);
  });

  test('what a resumed stream repeats is never left out, however long the store takes', async () => {
    await using relay = await startRingRelay({ capacity: MANY });
    const now = nanosFromMillis(Date.now());
    await using stored = await storeRelay(relay, { patienceMs: 20, nodePollMs: 10 });
    await eventually(() => expect(relay.streams()).toHaveLength(1));
    for (let n = 0; n < MANY; n += 1) relay.tell('c/node-0', { observedAt: now });
    await eventually(() => expect(stored.store.head()).toBe(MANY), { timeoutMs: 30_000 });
    const letGo = blocked(stored);
    await relay.stop();
    await relay.start();
    await eventually(() => expect(stored.reports.at(-1)?.detail).toContain('relay waits'));
    // Each report is a look at the nodes later: all in all many times the patience.
    const seen = stored.reports.length;
    await eventually(() => expect(stored.reports.length).toBeGreaterThan(seen + 20));
    const details = stored.reports.slice(seen).map(({ detail }) => detail);
    expect(details.filter((detail) => detail?.includes('left out'))).toEqual([]);
    letGo();
    relay.tell('c/node-0');
    await eventually(async () => expect(await stored.reckon()).toEqual(whole(MANY + 1)));
  });
});

describe('a storm of 30,000 losses a second (fault 56)', () => {
  const lost = (node: number, count: string, atMs: number): Buffer =>
    getFlowsResponse.encode({
      lost_events: { source: 'HUBBLE_RING_BUFFER', num_events_lost: count },
      node_name: `c/node-${node}`,
      time: new Date(atMs).toISOString(),
    });

  test('becomes a few gaps with the exact sum, and flows go on between them, to the end of the stream', async () => {
    await using relay = await startRingRelay();
    await using stored = await storeRelay(relay);
    await eventually(() => expect(relay.streams()).toHaveLength(1));
    const start = Date.now() - 10_000;
    const big = 2n ** 63n;
    for (let n = 0; n < 30_000; n += 1) {
      relay.say(lost(n % 5, '7', start + (n % 1_000)));
      if (n % 300 === 0) relay.tell('c/node-0');
    }
    relay.say(lost(0, String(big), start));
    relay.say(lost(0, String(2n ** 64n - 1n), start));
    // What was counted within the last second is told before the stream is given up.
    relay.streams()[0]?.end();
    const sum = 30_000n * 7n + big + 2n ** 64n - 1n;
    await eventually(async () => expect((await stored.reckon()).recorded).toBe(sum), {
      timeoutMs: 20_000,
    });
    // A row for each node and second of the storm's own time, told at most once a second.
    expect((await stored.gaps()).length).toBeLessThan(60);
    const { stored: count, duplicates, missing } = await stored.reckon();
    expect({ count, duplicates, missing }).toEqual({ count: 100, duplicates: [], missing: 0n });
    const [record] = await stored.store.origins();
    expect(record?.lost).toBe(sum);
  });
});
