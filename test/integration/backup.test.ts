import Database from 'better-sqlite3';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, test } from 'vitest';
import type { Flow } from '../../server/core/flow.ts';
import { systemClock } from '../../server/lib/clock.ts';
import { backUp, type Backup } from '../../server/operations/backup.ts';
import { claimDirectory } from '../../server/operations/demo-mark.ts';
import { restore } from '../../server/operations/restore.ts';
import { storeBytes } from '../../server/store/sqlite/database.ts';
import { openSqliteStore } from '../../server/store/sqlite/sqlite-store.ts';
import { runDropwise } from '../support/dropwise.ts';
import { eventually } from '../support/eventually.ts';
import { batchOf } from '../support/flow.ts';
import { ALL_TIME, allBefore, appendAll, someFlows } from '../support/flow-stores.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const APPENDER = new URL('../support/appending-process.ts', import.meta.url).pathname;

/** One that does not compress. */
const withLongRecord = (flow: Flow): Flow => ({
  ...flow,
  raw: { format: 'hubble-json', bytes: randomBytes(1_000) },
});

const silent = { clock: systemClock(), progress: () => undefined };

/** What a restored store says of itself must agree, and with its backup. */
async function expectWhole(directory: string, { head, flows }: Pick<Backup, 'head' | 'flows'>) {
  await using store = await openSqliteStore({ directory });
  expect(store.head()).toBe(head);
  expect(flows).toBe(head);
  const page = await store.page({ where: undefined }, { limit: 1_000_000, order: 'oldest' });
  expect(page.flows.map(({ seq }) => seq)).toEqual(Array.from({ length: head }, (_, at) => at + 1));
  expect(await store.loadCheckpoint('test')).toBe(String(head));
  expect(await store.origins()).toMatchObject([{ flows: head, lost: BigInt(head) }]);
  const rows = await store.policyHits({ within: ALL_TIME, buckets: 1 });
  expect(rows.map(({ totals }) => totals.allowed + totals.denied)).toEqual([head]);
}

describe('a backup', () => {
  test('goes into a folder, made where it is not there, unless its name has an ending', async () => {
    await using directory = await temporaryDirectory();
    const data = join(directory.path, 'data');
    {
      await using store = await openSqliteStore({ directory: data });
      await appendAll(store, [someFlows(3)]);
    }
    const targetOf = async (name: string) =>
      (await backUp({ ...silent, directory: data, target: `${directory.path}/${name}` })).file;

    expect(await targetOf('nightly')).toMatch(/\/nightly\/dropwise-\d{8}T\d{6}Z\.sqlite$/);
    expect(await targetOf('v1.2/')).toMatch(/\/v1\.2\/dropwise-/);
    expect(await targetOf('one.sqlite')).toBe(join(directory.path, 'one.sqlite'));
  });

  test('of a store that is being written opens, and its counts match those of one moment (fault 69)', async () => {
    await using directory = await temporaryDirectory();
    const data = join(directory.path, 'data');
    await mkdir(data);
    const child = spawn(process.execPath, [APPENDER, data], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines = createInterface({ input: child.stdout });
    let told = 0;
    lines.on('line', (line) => (told = Number(line) || told));
    try {
      await eventually(() => expect(told).toBeGreaterThan(2_000));
      let before = 0;
      for (const name of ['first', 'second', 'third']) {
        const begun = told;
        const steps: number[] = [];
        const backup = await backUp({
          ...silent,
          directory: data,
          target: join(directory.path, `${name}.sqlite`),
          progress: (done) => steps.push(done),
          pagesAStep: 4,
        });
        expect(child.exitCode).toBeNull();
        expect(backup.head).toBeGreaterThanOrEqual(Math.max(begun, before));
        // Commits went on while pages were copied.
        expect(steps.length).toBeGreaterThan(10);
        const restored = join(directory.path, name);
        await restore({ ...silent, file: backup.file, directory: restored });
        await expectWhole(restored, backup);
        before = backup.head;
      }
      await eventually(() => expect(told).toBeGreaterThan(before));
    } finally {
      child.kill('SIGKILL');
    }
    await once(child, 'exit');
  });

  test('has all of its moment although retention deletes it meanwhile; then its space is given back (fault 67)', async () => {
    await using directory = await temporaryDirectory();
    const data = join(directory.path, 'data');
    await mkdir(data);
    await using store = await openSqliteStore({ directory: data, blockRows: 60, fanIn: 3 });
    await appendAll(
      store,
      Array.from({ length: 40 }, () => someFlows(50).map(withLongRecord)),
    );
    const before = storeBytes(data);
    let deleting: Promise<number> | undefined;
    const backup = await backUp({
      ...silent,
      directory: data,
      target: join(directory.path, 'backup.sqlite'),
      progress: () => void (deleting ??= store.prune(allBefore(ALL_TIME.to))),
      pagesAStep: 1,
    });
    expect(await deleting).toBe(2_000);
    expect(backup.flows).toBe(2_000);
    expect((await store.page({ where: undefined }, { limit: 1, order: 'oldest' })).flows).toEqual(
      [],
    );
    const restored = join(directory.path, 'restored');
    await restore({ ...silent, file: backup.file, directory: restored });
    {
      await using whole = await openSqliteStore({ directory: restored });
      const page = await whole.page({ where: undefined }, { limit: 3_000, order: 'oldest' });
      expect(page.flows.map(({ seq }) => seq)).toEqual(
        Array.from({ length: 2_000 }, (_, at) => at + 1),
      );
    }
    await appendAll(store, [someFlows(1)]);
    await store.prune(allBefore(ALL_TIME.to));
    expect(storeBytes(data)).toBeLessThan(before / 4);
  });

  test('is one closed file named after its moment, and overwrites nothing', async () => {
    await using directory = await temporaryDirectory();
    const data = join(directory.path, 'data');
    await using store = await openSqliteStore({ directory: data });
    await appendAll(store, [someFlows(50)]);
    const target = join(directory.path, 'backups');
    await mkdir(target);
    const { file, takenAt, flows, bytes } = await backUp({ ...silent, directory: data, target });
    expect(readdirSync(target)).toEqual([
      `dropwise-${takenAt.slice(0, 19).replaceAll(/[-:]/g, '')}Z.sqlite`,
    ]);
    expect(flows).toBe(50);
    expect(bytes).toBe(statSync(file).size);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await expect(backUp({ ...silent, directory: data, target: file })).rejects.toMatchObject({
      code: 'file-exists',
    });
    expect(readdirSync(target)).toHaveLength(1);
    await expect(
      backUp({ ...silent, directory: data, target: join(directory.path, 'no', 'such') }),
    ).rejects.toMatchObject({ code: 'store-failed' });
  });

  test('of a damaged store fails, and leaves no file behind', async () => {
    await using directory = await temporaryDirectory();
    const data = join(directory.path, 'data');
    {
      await using store = await openSqliteStore({ directory: data });
      await appendAll(
        store,
        Array.from({ length: 30 }, () => someFlows(100)),
      );
    }
    const file = join(data, 'dropwise.sqlite');
    const bytes = readFileSync(file);
    // A page in the middle that is no page any more.
    bytes.fill(0xff, 4_096 * 4, 4_096 * 6);
    writeFileSync(file, bytes);
    const target = join(directory.path, 'backup.sqlite');
    await expect(backUp({ ...silent, directory: data, target })).rejects.toMatchObject({
      name: 'AppError',
    });
    expect(readdirSync(directory.path)).toEqual(['data']);
  });
});

describe('a restore', () => {
  test('refuses a directory that has a store or is in use', async () => {
    await using directory = await temporaryDirectory();
    const data = join(directory.path, 'data');
    await using store = await openSqliteStore({ directory: data });
    await store.append(batchOf(someFlows(3)));
    const file = join(directory.path, 'backup.sqlite');
    await backUp({ ...silent, directory: data, target: file });
    await expect(restore({ ...silent, file, directory: data })).rejects.toMatchObject({
      code: 'file-exists',
    });
    const other = join(directory.path, 'other');
    await mkdir(other);
    const lock = new Database(join(other, 'dropwise.lock'));
    lock.exec('BEGIN EXCLUSIVE');
    await expect(restore({ ...silent, file, directory: other })).rejects.toMatchObject({
      code: 'store-in-use',
    });
    lock.close();
    await restore({ ...silent, file, directory: other });
    await using restored = await openSqliteStore({ directory: other });
    expect(restored.head()).toBe(3);
  });

  test('refuses what is no sound backup of this version, and makes no store of it', async () => {
    await using directory = await temporaryDirectory();
    const path = (name: string): string => join(directory.path, name);
    const database = (name: string, sql: string): void => {
      const db = new Database(path(name));
      db.exec(sql);
      db.close();
    };
    writeFileSync(path('text'), 'not a database, but longer than a header of one would be');
    database('other', 'CREATE TABLE notes (x)');
    database('newer', 'CREATE TABLE blocks (x); PRAGMA user_version = 999');
    const refused = async (name: string, code: string): Promise<void> => {
      const directory = path('data');
      await expect(restore({ ...silent, file: path(name), directory })).rejects.toMatchObject({
        code,
      });
      expect(existsSync(join(directory, 'dropwise.sqlite'))).toBe(false);
    };
    await refused('none', 'not-found');
    await refused('text', 'not-a-store');
    await refused('other', 'not-a-store');
    await refused('newer', 'store-newer');
  });

  test('keeps simulated flows marked as such (fault 86)', async () => {
    await using directory = await temporaryDirectory();
    const data = join(directory.path, 'data');
    claimDirectory(data, { demo: true });
    await (await openSqliteStore({ directory: data }))[Symbol.asyncDispose]();
    const file = join(directory.path, 'backup.sqlite');
    await backUp({ ...silent, directory: data, target: file });
    const other = join(directory.path, 'other');
    expect((await restore({ ...silent, file, directory: other })).demo).toBe(true);
    expect(() => claimDirectory(other, { demo: false })).toThrow('flows of the demo');
  });

  test('is a command, like the backup, and says what it did', async () => {
    await using directory = await temporaryDirectory();
    const [data, file, other] = ['data', 'copy.sqlite', 'other'].map((name) =>
      join(directory.path, name),
    ) as [string, string, string];
    {
      await using store = await openSqliteStore({ directory: data });
      await store.append(batchOf(someFlows(9)));
    }
    const backup = await runDropwise(['backup', file, '--data', data, '-o', 'json']);
    expect({ ...backup, stdout: JSON.parse(backup.stdout) as unknown }).toMatchObject({
      code: 0,
      stderr: '',
      stdout: { file, flows: 9, head: 9, blocks: 1 },
    });
    const restored = await runDropwise(['restore', file, '--data', other]);
    expect(restored).toMatchObject({ code: 0, stderr: '' });
    expect(restored.stdout).toContain(join(other, 'dropwise.sqlite'));
    const again = await runDropwise(['restore', file, '--data', other]);
    expect(again).toMatchObject({ code: 1, stdout: '' });
    expect(again.stderr).toContain('is there already');
  });
});
