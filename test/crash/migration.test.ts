import Database from 'better-sqlite3';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkStore } from '../../server/store/sqlite/check.ts';
import { openForReading } from '../../server/store/sqlite/database.ts';
import { openSqliteStore } from '../../server/store/sqlite/sqlite-store.ts';
import { writeFirstSchema } from '../support/first-schema.ts';
import { withoutRaw } from '../support/flow-stores.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const CHILD = new URL('./migrating-process.ts', import.meta.url).pathname;
const MOST_POINTS = 200;
/** Every so many points one is tried; the first ones all. */
const STEP = 3;

/** Opens a store in a process that dies at a point; answers false where it ended before. */
async function killAt(directory: string, point: number): Promise<boolean> {
  const child = spawn(process.execPath, [CHILD, directory, String(point)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  if (signal !== 'SIGKILL') expect(code).toBe(0);
  return signal === 'SIGKILL';
}

test('a process that is killed in the middle of a migration leaves one schema or the next, and the next start completes it (fault 70)', async () => {
  await using home = await temporaryDirectory();
  const original = join(home.path, 'original');
  await mkdir(original);
  const stored = await writeFirstSchema(original);
  const versions = new Set<number>();
  let point = 1;
  for (; point < MOST_POINTS; point += STEP) {
    const directory = join(home.path, String(point));
    await cp(original, directory, { recursive: true });
    if (!(await killAt(directory, point))) break;
    versions.add(versionOf(directory));

    await using store = await openSqliteStore({ directory });
    expect(store.status().quarantined).toBeUndefined();
    const page = await store.page({ where: undefined }, { limit: 1_000, order: 'oldest' });
    expect(page.flows).toEqual(withoutRaw(stored));
    using opened = openForReading(directory);
    const checks = await checkStore(opened.db, { quick: false, progress: () => undefined });
    expect(checks.flatMap(({ faults, damaged }) => [...faults, ...damaged])).toEqual([]);
  }
  // It was killed in several migrations, and the last process ended by itself.
  expect(point).toBeLessThan(MOST_POINTS);
  expect([...versions]).toEqual(expect.arrayContaining([1, 2]));
});

function versionOf(directory: string): number {
  const db = new Database(join(directory, 'dropwise.sqlite'), { readonly: true });
  const version = Number(db.pragma('user_version', { simple: true }));
  db.close();
  return version;
}
