import { describe, expect, test } from 'vitest';
import { nanos, nanosFromMillis, NANOS_PER_SECOND, parseTime } from '../../../server/core/time.ts';
import { getFlowsResponse } from '../../../server/sources/hubble-proto.ts';
import { eventually } from '../../support/eventually.ts';
import { whole } from '../../support/reconcile.ts';
import { startRingRelay } from '../../support/ring-relay.ts';
import { storeRelay } from '../../support/stored-relay.ts';

const ago = (seconds: number): ReturnType<typeof nanosFromMillis> =>
  nanosFromMillis(Date.now() - seconds * 1_000);

describe('a relay that is away for 30 seconds (fault 52)', () => {
  test('loses nothing that the rings still hold', async () => {
    await using relay = await startRingRelay();
    await using stored = await storeRelay(relay);
    await eventually(() => expect(relay.streams()).toHaveLength(1));
    for (let second = 60; second > 40; second -= 1) relay.tell('c/a', { observedAt: ago(second) });
    await eventually(() => expect(stored.store.head()).toBe(20));
    await relay.stop();
    for (let second = 40; second > 10; second -= 1) relay.tell('c/a', { observedAt: ago(second) });
    relay.tell('c/b', { observedAt: ago(30) });
    await eventually(() => expect(stored.failures.at(-1)).toContain('nothing listens there'));
    await relay.start();
    await eventually(async () => expect(await stored.reckon()).toEqual(whole(51)));
    expect(await stored.gaps()).toEqual([]);
  });

  test('records what a ring has forgotten meanwhile as a gap of its node, and only that', async () => {
    await using relay = await startRingRelay({ capacity: 10 });
    await using stored = await storeRelay(relay);
    await eventually(() => expect(relay.streams()).toHaveLength(1));
    relay.tell('c/a', { observedAt: ago(60) });
    relay.tell('c/b', { observedAt: ago(60) });
    await eventually(() => expect(stored.store.head()).toBe(2));
    await relay.stop();
    for (let second = 40; second > 10; second -= 1) relay.tell('c/a', { observedAt: ago(second) });
    relay.tell('c/b', { observedAt: ago(30) });
    await relay.start();
    await eventually(async () => expect(await stored.reckon()).toEqual(whole(13)));
    expect(await stored.gaps()).toMatchObject([
      { kind: 'unwatched', node: 'c/a', reason: 'relay disconnected' },
    ]);
  });
});

test('out-of-order flows are all stored, and one that is told again is stored once (fault 54)', async () => {
  await using relay = await startRingRelay();
  await using stored = await storeRelay(relay);
  await eventually(() => expect(relay.streams()).toHaveLength(1));
  for (const second of [10, 30, 20, 31, 11]) relay.tell('c/a', { observedAt: ago(second) });
  await eventually(() => expect(stored.store.head()).toBe(5));
  for (let restart = 0; restart < 3; restart += 1) {
    await relay.stop();
    await relay.start();
    relay.tell('c/a', { observedAt: ago(9) });
    relay.tell('c/a', { observedAt: ago(12) });
    const count = relay.told.length;
    await eventually(async () => expect(await stored.reckon()).toEqual(whole(count)));
  }
});

describe('a relay whose nodes are unavailable for minutes (fault 53)', () => {
  test('the flows of that time lie in a gap of their node', async () => {
    await using relay = await startRingRelay();
    await using stored = await storeRelay(relay);
    await eventually(() => expect(relay.streams()).toHaveLength(1));
    const news = (state: string): void =>
      relay.say(
        getFlowsResponse.encode({ node_status: { state_change: state, node_names: ['c/b'] } }),
      );
    news('NODE_UNAVAILABLE');
    await eventually(() => expect(stored.reports.at(-1)?.nodes?.unavailable).toEqual(['c/b']));
    relay.tell('c/a');
    news('NODE_CONNECTED');
    relay.tell('c/a');
    await eventually(async () =>
      expect(await stored.gaps()).toMatchObject([
        { kind: 'unwatched', node: 'c/b', reason: 'node unavailable' },
      ]),
    );
    await eventually(async () => expect(await stored.reckon()).toEqual(whole(2)));
  });
});

describe('clocks that are wrong (fault 68)', () => {
  const HOUR = 3_600n * NANOS_PER_SECOND;
  const nodes = [
    ['c/ahead', (now: bigint) => now + HOUR],
    ['c/behind', (now: bigint) => now - HOUR],
    ['c/1970', (now: bigint) => now % HOUR],
    ['c/2106', (now: bigint) => parseTime('2106-02-07T06:28:16Z')! + (now % HOUR)],
  ] as const;

  test('every flow is stored once, before and after a restart, and the worst clock is told', async () => {
    await using relay = await startRingRelay();
    await using stored = await storeRelay(relay);
    await eventually(() => expect(relay.streams()).toHaveLength(1));
    const tellAll = (): void => {
      const now = nanosFromMillis(Date.now());
      relay.tell('c/right');
      for (const [node, clock] of nodes) relay.tell(node, { observedAt: nanos(clock(now)) });
    };
    tellAll();
    await eventually(async () => expect(await stored.reckon()).toEqual(whole(5)));
    await eventually(() => expect(stored.reports.at(-1)?.skew?.node).toBe('c/2106'));
    expect(stored.reports.at(-1)?.skew?.ms).toBeGreaterThan(70 * 365 * 86_400_000);
    expect(stored.failures).toEqual([]);

    await relay.stop();
    await relay.start();
    await eventually(() => expect(relay.streams()).toHaveLength(2));
    tellAll();
    await eventually(async () => expect(await stored.reckon()).toEqual(whole(10)));
    // The resume point is by the clocks that are right.
    const since = parseTime(relay.streams()[1]?.request.since ?? '') ?? 0n;
    expect(since).toBeGreaterThan(ago(120));
    expect(since).toBeLessThan(ago(0));
  });
});
