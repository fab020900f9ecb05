import { expect, test } from 'vitest';
import type { Checkpoint } from '../../server/core/flow.ts';
import { nanos } from '../../server/core/time.ts';
import { retentionAt } from '../../server/operations/prune.ts';
import { openSqliteStore } from '../../server/store/sqlite/sqlite-store.ts';
import { aDrop, aFlow, batchOf } from '../support/flow.ts';
import { ALL_TIME } from '../support/flow-stores.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const DAY_MS = 86_400_000;
const KEEP = {
  flowsMs: 7 * DAY_MS,
  dropsMs: 7 * DAY_MS,
  countsMs: 7 * DAY_MS,
  maxBytes: undefined,
};
const at = (text: string) => nanos(BigInt(Date.parse(text)) * 1_000_000n);

test('commits, reads and retention go on whatever the clock is set to (fault 68)', async () => {
  await using directory = await temporaryDirectory();
  let now = at('2026-11-23T10:00:00Z');
  await using store = await openSqliteStore({ directory: directory.path, clock: () => now });
  const times = ['2026-11-23T11:00:00Z', '2026-11-23T09:00:00Z', '1970-01-01T00:00:00Z'];
  for (const [round, time] of [
    ...times,
    '2106-02-07T06:28:15Z',
    '2026-11-23T10:00:01Z',
  ].entries()) {
    now = at(time);
    const flow = { observedAt: now, receivedAt: now };
    const checkpoint = String(round) as Checkpoint;
    await store.append(batchOf([aFlow(flow), aDrop(flow)], { checkpoint }));
    expect((await store.origins())[0]?.checkpointAt).toBe(now);
    const page = await store.page({ where: undefined }, { limit: 100, order: 'oldest' });
    expect(page.flows).toHaveLength(2 * (round + 1));
    expect(await store.gaps(ALL_TIME)).toEqual([]);
  }
  now = at('1970-01-01T00:00:00Z');
  expect(await store.prune(retentionAt(now, KEEP))).toBe(0);
  // What was received in 1970 is old, what was in 2106 is not.
  now = at('2026-11-23T10:00:02Z');
  await store.prune(retentionAt(now, KEEP));
  const page = await store.page({ where: undefined }, { limit: 100, order: 'oldest' });
  expect(page.flows.length).toBeGreaterThanOrEqual(8);
  expect(page.flows.at(-1)?.observedAt).toBe(at('2026-11-23T10:00:01Z'));
});
