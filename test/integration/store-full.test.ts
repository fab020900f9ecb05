import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { calicoLines } from '../../server/demo/generate.ts';
import type { Flow } from '../../server/core/flow.ts';
import { systemClock } from '../../server/lib/clock.ts';
import { createLogger } from '../../server/lib/log.ts';
import { createIngest, type Ingest } from '../../server/operations/ingest.ts';
import { createSource } from '../../server/sources/registry.ts';
import type { Committed, FlowStore } from '../../server/store/flow-store.ts';
import { spaceObjection } from '../../server/store/sqlite/free-space.ts';
import { openSqliteStore } from '../../server/store/sqlite/sqlite-store.ts';
import { eventually } from '../support/eventually.ts';
import { aFlow, batchOf } from '../support/flow.ts';
import { ALL_TIME } from '../support/flow-stores.ts';
import { fullDisk } from '../support/full-disk.ts';
import { reconcile } from '../support/reconcile.ts';
import { startRingRelay } from '../support/ring-relay.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const clock = systemClock();
const log = createLogger('silent');
const EVERYTHING = { where: undefined };
const ALL = { limit: 100_000, order: 'oldest' } as const;
const RING = 20;

type Followed = AsyncDisposable & {
  readonly store: FlowStore;
  readonly ingest: Ingest;
  readonly shown: { readonly stored: Committed[]; readonly unstored: Flow[] };
};

async function follow(
  directory: string,
  objection: () => string | undefined = () => undefined,
): Promise<Followed> {
  await using parts = new AsyncDisposableStack();
  const store = parts.use(await openSqliteStore({ directory }));
  const shown = { stored: [] as Committed[], unstored: [] as Flow[] };
  const ingest = parts.use(
    createIngest({
      store,
      publish: (committed) => void shown.stored.push(committed),
      publishUnstored: ({ flows }) => void shown.unstored.push(...flows),
      objection,
      retryMs: { firstMs: 20, maxMs: 50 },
      clock,
      log,
    }),
  );
  const held = parts.move();
  return { store, ingest, shown, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

const storedIds = async (store: FlowStore, origin: string): Promise<readonly string[]> =>
  (await store.page(EVERYTHING, ALL)).flows
    .filter((flow) => flow.origin === origin)
    .map(({ id }) => id);

test('a full disk pauses storing in words, live goes on, and it resumes alone with what was missed as a gap (fault 65)', async () => {
  await using directory = await temporaryDirectory();
  await using relay = await startRingRelay({ capacity: RING });
  using disk = fullDisk();
  await using followed = await follow(directory.path);
  const { store, ingest, shown } = followed;
  const path = join(directory.path, 'flows.log');
  const lines = [...calicoLines({ seed: 3, count: 900, startAt: 1_770_000_000_000 })];
  const write = (from: number, to: number): Promise<void> =>
    appendFile(path, `${lines.slice(from, to).join('\n')}\n`);
  await write(0, 300);
  const sources = [
    { name: 'relay', setting: { kind: 'hubble-relay', name: 'relay', address: relay.address } },
    { name: 'file', setting: { kind: 'calico-file', name: 'file', path } },
  ] as const;
  for (const { name, setting } of sources) {
    ingest.add((report) => createSource({ setting, name, clock, report }));
  }
  await eventually(() => expect(relay.streams()).toHaveLength(1));
  // A node's events lie a minute apart, so that what the ring forgets is beyond the overlap.
  const start = BigInt(Date.now()) * 1_000_000n - 7_200_000_000_000n;
  let told = 0;
  const tell = (count: number): void => {
    for (let at = 0; at < count; at += 1) {
      relay.tell('node-1', {
        observedAt: (start + BigInt((told += 1)) * 60_000_000_000n) as never,
      });
    }
  };
  tell(10);
  await eventually(async () => {
    expect(await storedIds(store, 'relay')).toHaveLength(10);
    expect(await storedIds(store, 'file')).toHaveLength(300);
  });

  disk.fill();
  await write(300, 900);
  tell(30);
  await eventually(() => {
    expect(ingest.pause()?.reason).toMatch(/disk is full.*SQLITE_FULL.*goes on by itself/);
    const ids = new Set(shown.unstored.map(({ origin, id }) => `${origin} ${id}`));
    expect(ids.size).toBe(600 + 30);
  });
  await expect(ingest.checkStoring()).rejects.toMatchObject({ code: 'store-failed' });
  // Reads go on, and see whole commits only. A small one may still find room in a page that is there.
  await eventually(async () => {
    const committed = shown.stored.reduce((sum, { flows }) => sum + flows.length, 0);
    expect((await store.page(EVERYTHING, ALL)).flows).toHaveLength(committed);
    expect(committed).toBeLessThan(910);
  });
  expect(ingest.statuses().map(({ state }) => state)).not.toContain('retrying');

  disk.free();
  tell(1);
  await eventually(async () => {
    expect(ingest.pause()).toBeUndefined();
    expect(await storedIds(store, 'file')).toHaveLength(900);
    expect(await storedIds(store, 'relay')).toContain(relay.told.at(-1)?.id);
  });
  await ingest.checkStoring();
  const reckoning = reconcile({
    told: relay.told,
    stored: await storedIds(store, 'relay'),
    gaps: await store.gaps(ALL_TIME),
  });
  expect(reckoning).toMatchObject({ duplicates: [], invented: [], unexplained: [] });
  expect(reckoning.stored).toBeGreaterThan(RING);
  expect(reckoning.stored).toBeLessThan(relay.told.length);
  expect(new Set(await storedIds(store, 'file')).size).toBe(900);
});

test('below the floor of free space nothing is stored before SQLite fails, and above it all goes on (fault 65)', async () => {
  await using directory = await temporaryDirectory();
  let minFreeBytes = 0;
  await using followed = await follow(directory.path, () =>
    spaceObjection(directory.path, minFreeBytes),
  );
  const { store, ingest, shown } = followed;
  ingest.add(() => ({
    name: 'test',
    kind: 'calico-file',
    target: '',
    async *read(_after, signal) {
      while (!signal.aborted) {
        yield batchOf([aFlow()]);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    },
  }));
  await eventually(() => expect(shown.stored.length).toBeGreaterThan(3));
  minFreeBytes = Number.MAX_SAFE_INTEGER;
  await eventually(() => {
    expect(ingest.pause()?.reason).toMatch(/^Only \d+ MB are free on the disk of .* to stay free/);
    expect(shown.unstored.length).toBeGreaterThan(3);
  });
  const head = store.head();
  const seen = shown.unstored.length;
  await eventually(() => expect(shown.unstored.length).toBeGreaterThan(seen + 5));
  expect(store.head()).toBe(head);
  minFreeBytes = 0;
  await eventually(() => {
    expect(ingest.pause()).toBeUndefined();
    expect(store.head()).toBeGreaterThan(head);
  });
});
