import Database from 'better-sqlite3';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../core/errors.ts';
import { guard } from './failures.ts';

export type Connection = Database.Database;

export type OpenDatabase = Disposable & { readonly db: Connection; readonly file: string };

const FILE = 'dropwise.sqlite';

const MIGRATIONS = new URL('../../../migrations/sqlite/', import.meta.url);

/** Long enough for a backup's short lock; every wait blocks the process. */
const BUSY_MS = 1_000;

/** The write-ahead log is cut back to this size whenever it has been copied into the database. */
const WAL_LIMIT_BYTES = 64 * 1024 * 1024;

/**
 * Opens `dropwise.sqlite` in a directory for this process alone and brings its schema up to date.
 * Throws `store-in-use` when another process has it and `store-newer` when a newer version wrote it.
 */
export function openDatabase(directory: string): OpenDatabase {
  const file = join(directory, FILE);
  return guard('Opening the store', file, () => {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    using opened = new DisposableStack();
    const lock = lockDirectory(directory);
    opened.defer(() => lock.close());
    const db = new Database(file, { timeout: BUSY_MS });
    opened.defer(() => db.close());
    schemaVersion(db, file);
    // Only before the first table, hence before the file is turned to write-ahead logging.
    db.pragma('auto_vacuum = INCREMENTAL');
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = NORMAL');
    db.pragma(`journal_size_limit = ${WAL_LIMIT_BYTES}`);
    migrate(db, file);
    const held = opened.move();
    return { db, file, [Symbol.dispose]: () => held.dispose() };
  });
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
  return guard('Opening the store', file, () => {
    using opened = new DisposableStack();
    const db = new Database(file, { readonly: true, timeout: BUSY_MS });
    opened.defer(() => db.close());
    if (schemaVersion(db, file) < migrationFiles().length) {
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
function lockDirectory(directory: string): Connection {
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

function migrationFiles(): readonly string[] {
  return readdirSync(MIGRATIONS)
    .filter((name) => /^\d{4}-.*\.sql$/.test(name))
    .sort();
}

/** How many migrations the file has seen. Throws `store-newer` when it is more than this version has. */
function schemaVersion(db: Connection, file: string): number {
  const version = Number(db.pragma('user_version', { simple: true }));
  const known = migrationFiles().length;
  if (version <= known) return version;
  throw new AppError(
    'store-newer',
    `${file} has schema ${version}, and this version knows up to ${known}. ` +
      'Install the newer version, or name another data directory.',
  );
}

function migrate(db: Connection, file: string): void {
  const version = schemaVersion(db, file);
  for (const [index, name] of migrationFiles().entries()) {
    if (index < version) continue;
    const sql = readFileSync(new URL(name, MIGRATIONS), 'utf8');
    db.transaction(() => {
      db.exec(sql);
      db.pragma(`user_version = ${index + 1}`);
    }).immediate();
  }
}

/** Bytes of the store in a directory, write-ahead log included. */
export function storeBytes(directory: string): number {
  return ['', '-wal'].reduce((sum, suffix) => {
    const found = statSync(join(directory, FILE + suffix), { throwIfNoEntry: false });
    return sum + (found?.size ?? 0);
  }, 0);
}
