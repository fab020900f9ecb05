import Database from 'better-sqlite3';
import { statSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Checkpoint, Gap, StoredFlow } from '../../server/core/flow.ts';
import { nanos } from '../../server/core/time.ts';
import { loadCatalog } from '../../server/store/sqlite/catalog.ts';
import { flowAt } from '../../server/store/sqlite/block-set.ts';
import { openForReading } from '../../server/store/sqlite/database.ts';
import { openSqliteStore } from '../../server/store/sqlite/sqlite-store.ts';
import { walk } from '../../server/store/sqlite/walk.ts';
import { aFlow, batchOf } from '../support/flow.ts';
import { allBefore, appendAll, storedOf, withoutRaw } from '../support/flow-stores.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const EVERYTHING = { where: undefined };
const NEWEST = { limit: 100, order: 'newest' } as const;

const flows = (count: number) => Array.from({ length: count }, () => aFlow());

test('a new data directory is for its owner only, and its file gives space back', async () => {
  await using parent = await temporaryDirectory();
  const directory = join(parent.path, 'data');
  await using store = await openSqliteStore({ directory });
  expect(statSync(directory).mode & 0o777).toBe(0o700);
  expect(store.size()).toBeGreaterThan(0);
  const db = new Database(join(directory, 'dropwise.sqlite'), { readonly: true });
  expect(db.pragma('journal_mode', { simple: true })).toBe('wal');
  expect(db.pragma('auto_vacuum', { simple: true })).toBe(2);
  db.close();
});

test('one process cannot open a directory twice, and can once it closed it', async () => {
  await using directory = await temporaryDirectory();
  {
    await using first = await openSqliteStore({ directory: directory.path });
    await expect(openSqliteStore({ directory: directory.path })).rejects.toMatchObject({
      code: 'store-in-use',
    });
    expect(first.head()).toBe(0);
  }
  await using again = await openSqliteStore({ directory: directory.path });
  expect(again.head()).toBe(0);
});

test('what was stored is there when the store is opened again', async () => {
  await using directory = await temporaryDirectory();
  const stored = await (async () => {
    await using store = await openSqliteStore({ directory: directory.path });
    return storedOf(await store.append(batchOf(flows(30), { checkpoint: 'c' as Checkpoint })));
  })();
  await using store = await openSqliteStore({ directory: directory.path });
  const page = await store.page(EVERYTHING, { ...NEWEST, order: 'oldest' });
  expect(page.flows).toEqual(withoutRaw(stored));
  expect(await store.loadCheckpoint('test')).toBe('c');
});

test('a store of a newer version is refused and left as it is (fault 71)', async () => {
  await using directory = await temporaryDirectory();
  await (await openSqliteStore({ directory: directory.path }))[Symbol.asyncDispose]();
  const file = join(directory.path, 'dropwise.sqlite');
  const db = new Database(file);
  db.pragma('user_version = 99');
  for (const readOnly of [false, true]) {
    await expect(openSqliteStore({ directory: directory.path, readOnly })).rejects.toMatchObject({
      code: 'store-newer',
    });
  }
  expect(db.pragma('user_version', { simple: true })).toBe(99);
  db.close();
});

test('a database that another program locks fails clearly, and takes flows when it is free (fault 61)', async () => {
  await using directory = await temporaryDirectory();
  await using store = await openSqliteStore({ directory: directory.path });
  await store.append(batchOf(flows(2)));
  const other = new Database(join(directory.path, 'dropwise.sqlite'));
  other.exec('BEGIN IMMEDIATE');
  const failure = store.append(batchOf(flows(3)));
  await expect(failure).rejects.toMatchObject({
    code: 'store-failed',
    message: expect.stringMatching(
      /Storing flows in .*dropwise\.sqlite failed: .*Close it\./,
    ) as string,
  });
  expect(store.head()).toBe(2);
  expect((await store.page(EVERYTHING, NEWEST)).flows).toHaveLength(2);
  other.close();
  const added = storedOf(await store.append(batchOf(flows(3))));
  expect(added.map(({ seq }) => seq)).toEqual([3, 4, 5]);
});

test('a file that is no database is put aside as it is, and a new store begun', async () => {
  await using directory = await temporaryDirectory();
  const content = 'x'.repeat(5_000);
  await writeFile(join(directory.path, 'dropwise.sqlite'), content);
  await using store = await openSqliteStore({ directory: directory.path });
  const { quarantined } = store.status();
  expect(await readFile(quarantined?.file ?? '', 'utf8')).toBe(content);
  await appendAll(store, [flows(2)]);
  expect(store.head()).toBe(2);
});

test('a commit that fails keeps nothing of its batch', async () => {
  await using directory = await temporaryDirectory();
  await using store = await openSqliteStore({ directory: directory.path });
  // A time that does not fit 64 bits fails in the ledger, after the block was written.
  const never = nanos(2n ** 70n);
  const where = { origin: 'test', node: '', from: never, to: never };
  const gap: Gap = { kind: 'unwatched', ...where, count: undefined, reason: '' };
  const checkpoint = 'c' as Checkpoint;
  await expect(store.append(batchOf(flows(3), { gaps: [gap], checkpoint }))).rejects.toThrow();
  expect(store.head()).toBe(0);
  expect((await store.page(EVERYTHING, NEWEST)).flows).toEqual([]);
  expect(await store.loadCheckpoint('test')).toBeUndefined();
  expect((await store.append(batchOf(flows(1)))).firstSeq).toBe(1);
});

test('a reader beside the writer sees what is committed meanwhile, through merges, and cannot write', async () => {
  await using directory = await temporaryDirectory();
  const small = { directory: directory.path, blockRows: 20, fanIn: 2 };
  await using writer = await openSqliteStore(small);
  await using reader = await openSqliteStore({ ...small, readOnly: true });
  expect(reader.head()).toBe(0);
  for (let round = 1; round <= 12; round++) {
    await writer.append(batchOf(flows(5)));
    expect(reader.head()).toBe(round * 5);
    expect((await reader.page(EVERYTHING, NEWEST)).flows).toHaveLength(round * 5);
  }
  await expect(reader.append(batchOf(flows(1)))).rejects.toMatchObject({ code: 'store-failed' });
  await expect(reader.prune(allBefore(nanos(0n)))).rejects.toMatchObject({ code: 'store-failed' });
});

test('reading where no store is says so and makes nothing', async () => {
  await using parent = await temporaryDirectory();
  const directory = join(parent.path, 'none');
  const opening = openSqliteStore({ directory, readOnly: true });
  await expect(opening).rejects.toMatchObject({ code: 'not-found' });
  expect(statSync(directory, { throwIfNoEntry: false })).toBeUndefined();
});

test('small batches end up in few blocks, the full ones untouched', async () => {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, 'dropwise.sqlite');
  await using store = await openSqliteStore({
    directory: directory.path,
    blockRows: 100,
    fanIn: 4,
  });
  for (let round = 0; round < 300; round++) await store.append(batchOf(flows(3)));
  const db = new Database(file, { readonly: true });
  const rows = db.prepare('SELECT last_seq - first_seq + 1 FROM blocks ORDER BY first_seq').pluck();
  const sizes = rows.all() as number[];
  db.close();
  const full = sizes.filter((size) => size >= 100);
  expect(full.length).toBeGreaterThanOrEqual(8);
  expect(full.every((size) => size < 200)).toBe(true);
  expect(sizes.length - full.length).toBeLessThan(3 * 4);
});

test('a read that is halfway when its blocks are merged still answers with each flow once', async () => {
  await using directory = await temporaryDirectory();
  await using writer = await openSqliteStore({
    directory: directory.path,
    blockRows: 99,
    fanIn: 4,
  });
  const added = await appendAll(writer, [flows(5), flows(5), flows(5)]);
  using opened = openForReading(directory.path);
  const catalog = loadCatalog({ db: opened.db, cacheBytes: 0, shared: true, blockRows: 99 });
  const seen: StoredFlow[] = [];
  for await (const { opened: block, from, to } of walk(catalog, EVERYTHING, { order: 'oldest' })) {
    for (let row = from; row < to; row++) seen.push(flowAt(block, row));
    await writer.append(batchOf(flows(5)));
    await writer.append(batchOf(flows(5)));
  }
  expect(catalog.all.headers()[0]?.level).toBeGreaterThan(0);
  expect(seen).toEqual(withoutRaw(added));
});
