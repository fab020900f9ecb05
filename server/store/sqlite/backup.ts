import Database from 'better-sqlite3';
import { closeSync, fsyncSync, openSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { AppError } from '../../core/errors.ts';
import { openFileForReading, type Connection } from './database.ts';
import { storeFailure } from './failures.ts';

/** What a database holds, for comparing a copy with what was copied. */
export type Contents = {
  readonly head: number;
  readonly blocks: number;
  readonly flows: number;
  /** Rows of every table. */
  readonly tables: Readonly<Record<string, number>>;
  /** Number in the header that tells a copy of simulated flows. */
  readonly mark: number;
};

export type CopyOptions = {
  readonly from: string;
  /** A file that does not exist. */
  readonly to: string;
  /** Told of pages that are copied and of all there are. */
  readonly progress: (done: number, total: number) => void;
  /** Kept in the header of the copy. */
  readonly mark: number;
  /** Copied at once; the writer's commits go on in between. */
  readonly pagesAStep?: number | undefined;
};

/** Enough to be fast, and little enough for a bar that moves. */
const PAGES_A_STEP = 2_048;

const OWNER_ONLY = 0o600;

/**
 * Copies a database as it is at one moment, while others write it, and checks the copy against it. The copy is one
 * file that is on disk when this resolves; nothing is left where it fails. Throws an AppError `store-failed`.
 */
export async function copyDatabase({
  from,
  to,
  progress,
  mark,
  pagesAStep = PAGES_A_STEP,
}: CopyOptions): Promise<Contents> {
  using source = openFileForReading(from, { mayBeOlder: true });
  try {
    closeSync(openSync(to, 'wx', OWNER_ONLY));
    // An open read transaction holds the moment: without it every commit would begin the copy anew.
    source.db.exec('BEGIN');
    const contents = { ...readContents(source.db), mark };
    await source.db.backup(to, {
      progress({ totalPages, remainingPages }) {
        progress(totalPages - remainingPages, totalPages);
        return pagesAStep;
      },
    });
    source.db.exec('COMMIT');
    finish(to, mark);
    const copied = checkFile(to);
    if (JSON.stringify(copied) !== JSON.stringify(contents)) {
      throw new AppError('store-failed', `${to} does not hold what ${from} holds; the disk is bad`);
    }
    return contents;
  } catch (error) {
    for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(to + suffix, { force: true });
    throw storeFailure(`Copying ${from}`, to, error) ?? error;
  }
}

/** Makes the copy one file, without a log beside it, and waits until it is on disk. */
function finish(file: string, mark: number): void {
  const db = new Database(file);
  try {
    db.pragma('journal_mode = DELETE');
    db.pragma(`application_id = ${mark}`);
  } finally {
    db.close();
  }
  syncToDisk(file);
}

function syncToDisk(path: string): void {
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Makes a rename in a directory outlast a power cut. */
export const syncDirectoryOf = (file: string): void => syncToDisk(dirname(file));

/**
 * Reads a whole database file and says what it holds. Throws an AppError: `not-a-store` when it is none,
 * `store-damaged` when SQLite finds a fault, `store-newer` when a newer version wrote it.
 */
export function checkFile(file: string): Contents {
  using opened = openStoreFile(file);
  const { db } = opened;
  const faults = integrityFaults(db, 'integrity_check');
  if (faults.length > 0) {
    throw new AppError('store-damaged', `${file}: ${faults.slice(0, 3).join('; ')}`);
  }
  return readContents(db);
}

function openStoreFile(file: string): Disposable & { readonly db: Connection } {
  try {
    using opened = new DisposableStack();
    const { db } = opened.use(openFileForReading(file, { mayBeOlder: true }));
    const known = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'blocks'").get();
    if (known === undefined) throw new AppError('not-a-store', `${file} holds no Dropwise store`);
    const held = opened.move();
    return { db, [Symbol.dispose]: () => held.dispose() };
  } catch (cause) {
    if (cause instanceof AppError && cause.fields['sqliteCode'] === 'SQLITE_NOTADB') {
      throw new AppError('not-a-store', `${file} is no SQLite database`, { cause });
    }
    throw cause;
  }
}

/** What SQLite itself finds wrong; empty for a sound file. A file that it cannot even read is a finding too. */
export function integrityFaults(
  db: Connection,
  check: 'integrity_check' | 'quick_check',
): readonly string[] {
  try {
    const rows = db.prepare<[], string>(`PRAGMA ${check}`).pluck().all();
    return rows.filter((row) => row !== 'ok');
  } catch (error) {
    if (error instanceof Database.SqliteError && error.code.startsWith('SQLITE_CORRUPT')) {
      return [error.message];
    }
    throw error;
  }
}

function readContents(db: Connection): Contents {
  const names = db
    .prepare<[], string>(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
    )
    .pluck()
    .all();
  const number = (sql: string): number => Number(db.prepare(sql).pluck().get() ?? 0);
  return {
    head: number('SELECT head FROM store'),
    blocks: number('SELECT count(*) FROM blocks'),
    flows: number('SELECT coalesce(sum(last_seq - first_seq + 1), 0) FROM blocks'),
    tables: Object.fromEntries(
      names.map((name) => [name, number(`SELECT count(*) FROM "${name.replaceAll('"', '""')}"`)]),
    ),
    mark: number('PRAGMA application_id'),
  };
}
