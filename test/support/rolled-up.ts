import Database from 'better-sqlite3';
import { join } from 'node:path';
import type { Flow } from '../../server/core/flow.ts';
import { parseQuery } from '../../server/query/parse.ts';
import type { FlowStore, SummaryQuery } from '../../server/store/flow-store.ts';
import { openSqliteStore } from '../../server/store/sqlite/sqlite-store.ts';
import { batchOf } from './flow.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** Limits by which a few dozen flows have roll-ups of several levels. */
export const SMALL_ROLLUPS = {
  ...{ blockRows: 6, fanIn: 2, cacheBytes: 100_000 },
  rollupLimits: { blocks: 2, fanIn: 2, flowsARow: 0.1 },
};

export const levelsIn = (directory: string): readonly number[] => {
  using db = openFile(directory);
  return db.prepare<[], number>('SELECT level FROM rollups ORDER BY level').pluck().all();
};

export function openFile(directory: string): Database.Database & Disposable {
  const db = new Database(join(directory, 'dropwise.sqlite'));
  return Object.assign(db, { [Symbol.dispose]: () => void db.close() });
}

/** Commits without flows, in which what is missing is made. */
export async function settle(store: FlowStore, commits = 60): Promise<void> {
  for (let commit = 0; commit < commits; commit++) await store.append(batchOf([]));
}

/** Enough for what a few dozen flows need. */
export const ALL_COMMITS = 90;

export function whereOf(text: string): SummaryQuery['where'] {
  const parsed = parseQuery(text);
  if (!parsed.ok) throw new Error(parsed.error.message);
  return parsed.where;
}

/** Runs with a reader of a store in which all that can be is counted beforehand. */
export async function withRolledUp(
  flows: readonly Flow[],
  run: (parts: { readonly reader: FlowStore; readonly directory: string }) => Promise<void>,
): Promise<void> {
  await using directory = await temporaryDirectory();
  {
    await using store = await openSqliteStore({ directory: directory.path, ...SMALL_ROLLUPS });
    for (let at = 0; at < flows.length; at += 6) {
      await store.append(batchOf(flows.slice(at, at + 6)));
    }
    await settle(store, ALL_COMMITS);
  }
  await using reader = await openSqliteStore({
    ...{ directory: directory.path, ...SMALL_ROLLUPS },
    readOnly: true,
  });
  await run({ reader, directory: directory.path });
}

/** What is read from a block that holds nothing is an error that says so. */
export function emptyBlocks(directory: string): void {
  using db = openFile(directory);
  db.exec("UPDATE blocks SET columns = x'00'");
}
