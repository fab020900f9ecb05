import Database from 'better-sqlite3';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../core/errors.ts';
import { readMigrations } from '../migrations.ts';
import { guard } from './failures.ts';
import { placeObjection } from './file-system.ts';
import { logState } from './log-file.ts';
import {
  damageIn,
  damageOf,
  isDoubtful,
  noteLoss,
  putAside,
  putLogAside,
  remainsOf,
  sizeDamage,
  trust,
  type Quarantined,
} from './quarantine.ts';

export type Connection = Database.Database;

export type OpenDatabase = Disposable & {
  readonly db: Connection;
  readonly file: string;
  /** The file that was there before, if it had to be put aside. */
  readonly quarantined?: Quarantined;
};

/** Name of the database in its directory. */
export const FILE = 'dropwise.sqlite';

const migrations = readMigrations(new URL('../../../migrations/sqlite/', import.meta.url));

/** Long enough for a backup's short lock; every wait blocks the process. */
const BUSY_MS = 1_000;

/** A commit waits for no disk: what power loss takes is whole commits from the newest back, checkpoints with them. */
const USUAL = 'synchronous = NORMAL';
/** A commit is on the disk, with every one before it, before SQLite shows it to another connection. */
const BARRIER = 'synchronous = FULL';

/** The write-ahead log is cut back to this size whenever it has been copied into the database. */
const WAL_LIMIT_BYTES = 64 * 1024 * 1024;

/**
 * Opens `dropwise.sqlite` in a directory for this process alone and brings its schema up to date. A damaged file
 * is put aside, and a new one begun that tells of the loss as a gap. Throws `store-in-use` when another process
 * has it, `store-newer` when a newer version wrote it, and `store-failed` where no store can lie.
 */
export function openDatabase(directory: string): OpenDatabase {
  const file = join(directory, FILE);
  return guard('Opening the store', file, () => {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const against = placeObjection(directory);
    if (against !== undefined) throw new AppError('store-failed', against);
    using opened = new DisposableStack();
    const lock = lockDirectory(directory);
    opened.defer(() => lock.close());
    const log = logState(file);
    if (log === 'superfluous') putLogAside(file, new Date());
    const doubtful = log === 'doubtful' || isDoubtful(file);
    const found = log === 'lacking' ? { damage: LACKING } : openSound(file, doubtful);
    if (found.damage === undefined && doubtful) trust(file);
    const { db, quarantined } = found.damage === undefined ? found : beginAnew(file, found.damage);
    opened.defer(() => db.close());
    const held = opened.move();
    const parts = { db, file, [Symbol.dispose]: () => held.dispose() };
    return quarantined === undefined ? parts : { ...parts, quarantined };
  });
}

const LACKING = 'its write-ahead log was deleted or damaged after a part of it had been copied';

type Found =
  | { readonly damage: undefined; readonly db: Connection; readonly quarantined?: never }
  | { readonly damage: string };

function beginAnew(file: string, why: string): { db: Connection; quarantined: Quarantined } {
  const aside = putAside(file, new Date());
  const remains = remainsOf(aside);
  const db = openForWriting(file);
  noteLoss(db, remains);
  return { db, quarantined: { file: aside, why } };
}

/** Opens a file that may be damaged; such a one is looked at, and left as it is. */
function openSound(file: string, doubtful: boolean): Found {
  try {
    const damage = existsSync(file) ? examine(file, doubtful) : undefined;
    return damage === undefined ? { damage, db: openForWriting(file) } : { damage };
  } catch (error) {
    const damage = damageIn(error);
    if (damage === undefined) throw error;
    return { damage };
  }
}

/** By a connection that cannot write: any other would copy the log into the file when it is closed. */
function examine(file: string, doubtful: boolean): string | undefined {
  const db = new Database(file, { readonly: true, timeout: BUSY_MS });
  try {
    const version = migrations.seen(db, file);
    return damageOf(db, doubtful) ?? schemaDamage(db, version) ?? sizeDamage(db, file);
  } finally {
    db.close();
  }
}

/** A byte that changed in the text of a table would rename a column. */
function schemaDamage(db: Connection, version: number): string | undefined {
  const fresh = new Database(':memory:');
  try {
    for (const sql of migrations.first(version)) fresh.exec(sql);
    const sql = "SELECT sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'";
    const there = new Set(db.prepare<[], string | null>(sql).pluck().all());
    const expected = fresh.prepare<[], string | null>(sql).pluck().all();
    const missing = expected.find((text) => !there.has(text));
    return missing === undefined ? undefined : `its schema lacks '${missing ?? ''}'`;
  } finally {
    fresh.close();
  }
}

function openForWriting(file: string): Connection {
  using undo = new DisposableStack();
  const db = new Database(file, { timeout: BUSY_MS });
  undo.defer(() => db.close());
  // Only before the first table, hence before the file is turned to write-ahead logging.
  db.pragma('auto_vacuum = INCREMENTAL');
  db.pragma('journal_mode = WAL');
  db.pragma(USUAL);
  db.pragma(`journal_size_limit = ${WAL_LIMIT_BYTES}`);
  migrations.run(db, file);
  undo.move();
  return db;
}

/**
 * Runs a transaction whose outcome others may rely on: a power loss takes neither it nor anything committed before
 * once a reader can have seen it. Not inside a transaction.
 */
export function durably<T>(db: Connection, run: () => T): T {
  db.pragma(BARRIER);
  const result = run();
  // After a failure the barrier stays until one goes well: commits are slower, and the cause is what is thrown.
  db.pragma(USUAL);
  return result;
}

/**
 * Opens an existing store beside the process that writes it, if one does. Throws `not-found` when there is
 * none, and `store-newer` or `store-failed` when its schema is not the one that this version reads.
 */
export function openForReading(directory: string): OpenDatabase {
  const file = join(directory, FILE);
  if (!existsSync(file)) {
    throw new AppError('not-found', `${file} does not exist; name the data directory of a server`);
  }
  return openFileForReading(file);
}

/** The same for a database that lies anywhere, such as a backup; `mayBeOlder` leaves an older schema as it is. */
export function openFileForReading(
  file: string,
  { mayBeOlder = false }: { readonly mayBeOlder?: boolean } = {},
): OpenDatabase {
  return guard('Opening the store', file, () => {
    using opened = new DisposableStack();
    const db = new Database(file, { readonly: true, timeout: BUSY_MS });
    opened.defer(() => db.close());
    if (migrations.seen(db, file) < migrations.count() && !mayBeOlder) {
      throw new AppError(
        'store-failed',
        `${file} was written by an older version. Start the server once; it brings the store up to date.`,
      );
    }
    const held = opened.move();
    return { db, file, [Symbol.dispose]: () => held.dispose() };
  });
}

/**
 * A transaction that stays open on a file of its own: the kernel ends it with the process, however that dies,
 * and readers of the database itself, such as backups, are not kept out.
 */
export function lockDirectory(directory: string): Connection {
  const lock = new Database(join(directory, 'dropwise.lock'), { timeout: 0 });
  try {
    lock.exec('BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock.close();
    if (error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY')) {
      throw new AppError(
        'store-in-use',
        `${directory} is used by another Dropwise. Stop that one, or name another data directory.`,
        { cause: error },
      );
    }
    throw error;
  }
}

/** Bytes of the store in a directory, write-ahead log included. */
export function storeBytes(directory: string): number {
  return ['', '-wal'].reduce((sum, suffix) => {
    const found = statSync(join(directory, FILE + suffix), { throwIfNoEntry: false });
    return sum + (found?.size ?? 0);
  }, 0);
}
