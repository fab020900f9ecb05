import Database from 'better-sqlite3';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type {
  InventorySink,
  InventorySnapshot,
  InventorySource,
} from '../../../server/core/inventory.ts';
import { nanos, NANOS_PER_SECOND, type EpochNanos } from '../../../server/core/time.ts';
import { createLogger } from '../../../server/lib/log.ts';
import {
  openHistoryInventory,
  type HistoryInventory,
} from '../../../server/operations/history-inventory.ts';
import { keepInventory, type KeptInventory } from '../../../server/operations/keep-inventory.ts';
import { CONTROL_FILE, openControl } from '../../../server/store/control/open-control.ts';
import { handClock, type HandClock } from '../../support/hand-clock.ts';
import { networkPolicy, pod, seen } from '../../support/objects.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const POLICIES = 'NetworkPolicy.networking.k8s.io';

type World = AsyncDisposable & {
  readonly clock: HandClock;
  readonly sink: InventorySink;
  readonly kept: KeptInventory;
  readonly file: string;
  now(): EpochNanos;
  /** Beside the one that keeps it, and told what that knows. */
  read(): Promise<HistoryInventory>;
};

/** A source that tells what a test does, what keeps it, and what reads it as another process would. */
async function openWorld(): Promise<World> {
  await using parts = new AsyncDisposableStack();
  const directory = parts.use(await temporaryDirectory());
  const log = createLogger('silent');
  const clock = handClock('2026-05-03T12:00:00Z');
  const control = parts.use(openControl({ directory: directory.path, log }));
  let sink: InventorySink | undefined;
  const told: InventorySource = {
    ...{ name: 'told', kind: 'kubernetes', cluster: 'east', target: 'test', how: 'watched' },
    run: (given, signal) => {
      sink = given;
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
    },
  };
  const kept = parts.use(
    await keepInventory({
      ...{ sources: [told], history: control.objects, clock, log },
      keep: { versionsMs: 1e12, podsMs: 1e12 },
      onfailure: (error) => {
        throw error;
      },
    }),
  );
  if (sink === undefined) throw new Error('the source was not run');
  const history = openHistoryInventory(directory.path);
  const held = parts.move();
  return {
    ...{ clock, sink, kept, file: join(directory.path, CONTROL_FILE) },
    now: () => nanos(clock.now()),
    async read() {
      history.hear(await kept.tellNow());
      return history;
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

const web = (labels: Readonly<Record<string, string>>) => seen(pod('web', '10.0.0.1', labels));

/** All that an answer can depend on, whatever the order. */
const facts = ({ objects, coverage, ...rest }: InventorySnapshot) => ({
  ...rest,
  objects: objects.toSorted((a, b) => a.key.name.localeCompare(b.key.name, 'en')),
  coverage: coverage.toSorted((a, b) => a.kind.localeCompare(b.kind, 'en')),
});

test('what is read beside the server is what the server knows, now and at every moment before', async () => {
  await using world = await openWorld();
  const { clock, sink, kept, now } = world;
  const moments = [now()];
  const step = (run: () => void): void => {
    clock.advance(3);
    run();
    moments.push(now());
  };
  step(() => sink.listed('Pod', [web({ app: 'web' })], now()));
  step(() => sink.listed(POLICIES, [seen(networkPolicy('allow'))], now()));
  step(() => sink.changed(web({ app: 'shop' }), now()));
  step(() => sink.lost('Pod'));
  step(() => sink.gone(seen(networkPolicy('allow')).key, now()));
  step(() => sink.heard('Pod'));
  clock.advance(7);

  const read = await world.read();
  expect(facts(read.current())).toEqual(facts(kept.current()));
  expect(read.current().coverage).toHaveLength(2);
  const before = moments.map((at) => read.asOf(at));
  for (const [index, at] of moments.entries())
    expect(facts(await before[index]!).objects).toEqual(facts(await kept.asOf(at)).objects);
  for (const at of moments.slice(1)) {
    const [here, there] = [await read.asOf(at), await kept.asOf(at)];
    expect(here.coverage.map(({ kind, from }) => [kind, from])).toEqual(
      there.coverage.map(({ kind, from }) => [kind, from]),
    );
  }
  const { key } = web({});
  expect(await read.versions(key)).toEqual(await kept.versions(key));
});

test('a second ago is covered too, though what is covered is written every ten seconds only', async () => {
  await using world = await openWorld();
  const { clock, sink, now } = world;
  sink.listed('Pod', [web({})], now());
  await world.read();
  clock.advance(8);
  const read = await world.read();
  const then = await read.asOf(nanos(now() - NANOS_PER_SECOND));
  expect(then.coverage).toHaveLength(1);
  expect((await read.asOf(nanos(now() + NANOS_PER_SECOND))).coveredSince).toBeUndefined();
  sink.lost('Pod');
  expect((await world.read()).current().coveredSince).toBeUndefined();
});

test('while the file cannot be written, what is there now is told whole, and of the time since nothing is claimed', async () => {
  await using world = await openWorld();
  const { clock, sink, kept, now } = world;
  sink.listed('Pod', [web({ app: 'web' })], now());
  await world.read();
  const written = now();
  using held = new DisposableStack();
  const other = held.adopt(new Database(world.file), (db) => db.close());
  other.exec('BEGIN IMMEDIATE');
  clock.advance(5);
  sink.changed(web({ app: 'shop' }), now());

  const read = await world.read();
  expect(facts(read.current())).toEqual(facts(kept.current()));
  expect(read.current().objects[0]?.manifest.metadata.labels).toEqual({ app: 'shop' });
  expect((await read.asOf(now())).coveredSince).toBeUndefined();
  expect((await read.asOf(written)).objects[0]?.manifest.metadata.labels).toEqual({ app: 'web' });

  other.exec('ROLLBACK');
  clock.advance(1);
  const later = await (await world.read()).asOf(now());
  expect(later.coverage).toEqual(kept.current().coverage);
  expect(later.objects[0]?.manifest.metadata.labels).toEqual({ app: 'shop' });
  // What was lost meanwhile is found by comparing, so the history has it from then on.
  expect(read.current().objects).toMatchObject([{ from: now(), hash: later.objects[0]?.hash }]);
});

test('without the file nothing is known, and nobody claims that there is nothing', async () => {
  await using world = await openWorld();
  const { sink, now, file } = world;
  sink.listed('Pod', [web({})], now());
  for (const suffix of ['', '-wal', '-shm']) await rm(file + suffix, { force: true });
  const read = await world.read();
  expect(read.current()).toMatchObject({ objects: [], coveredSince: undefined });
  expect(await read.asOf(now())).toMatchObject({ objects: [], coveredSince: undefined });
  expect(await read.versions(web({}).key)).toEqual([]);
});

test('asking again is answered with the very same objects, until one of them changes', async () => {
  await using world = await openWorld();
  const { clock, sink, now } = world;
  sink.listed('Pod', [web({ app: 'web' }), seen(pod('db', '10.0.0.2'))], now());
  const objectsNow = async (): Promise<InventorySnapshot['objects']> =>
    (await world.read()).current().objects;
  const named = (objects: InventorySnapshot['objects'], wanted: string) =>
    objects.find(({ key }) => key.name === wanted);
  const first = await objectsNow();
  const again = await objectsNow();
  expect(again.map((object, index) => object === first[index])).toEqual([true, true]);
  clock.advance(1);
  sink.changed(web({ app: 'shop' }), now());
  const later = await objectsNow();
  expect(named(later, 'db')).toBe(named(first, 'db'));
  expect(named(later, 'web')?.manifest.metadata.labels).toEqual({ app: 'shop' });
});
