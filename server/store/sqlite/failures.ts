import Database from 'better-sqlite3';
import { AppError } from '../../core/errors.ts';
import type { StoreFailure } from '../store-failure.ts';

const DAMAGED =
  'Start the server again: it looks at the file, keeps it beside, and begins a new one. ' +
  "'dropwise doctor' says what is damaged, 'dropwise restore' brings back a backup.";

const REMEDIES: readonly (readonly [prefix: string, remedy: string])[] = [
  ['SQLITE_FULL', 'Free disk space, or shorten the retention; then it goes on by itself.'],
  ['SQLITE_IOERR', 'Check the disk and its mount; the last commit is intact.'],
  ['SQLITE_BUSY', 'Another program keeps the database locked. Close it.'],
  ['SQLITE_READONLY', 'Make the data directory writable for this user.'],
  ['SQLITE_CANTOPEN', 'Check that the data directory exists and belongs to this user.'],
  ['SQLITE_CORRUPT', DAMAGED],
  ['SQLITE_NOTADB', DAMAGED],
];

/**
 * Runs what talks to the database. A failure of the disk or the database becomes `store-failed`, which says
 * what failed, where, and what to do; anything else is a bug and passes unchanged.
 */
export function guard<T>(what: string, file: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw storeFailure(what, file, error) ?? error;
  }
}

/** The AppError for a failure of the database or of the file system, `undefined` for anything else. */
export function storeFailure(what: string, file: string, error: unknown): AppError | undefined {
  const code =
    error instanceof Database.SqliteError
      ? error.code
      : error instanceof Error && 'syscall' in error && 'code' in error
        ? String(error.code)
        : undefined;
  if (code === undefined || !(error instanceof Error)) return undefined;
  const remedy =
    REMEDIES.find(([prefix]) => code.startsWith(prefix))?.[1] ?? 'See the cause in the log.';
  const detail = `${what} in ${file} failed: ${error.message} (${code}). ${remedy}`;
  const fields = { sqliteCode: code, failure: kindOf(code) };
  return new AppError('store-failed', detail, { cause: error, fields });
}

function kindOf(code: string): StoreFailure {
  if (code.startsWith('SQLITE_BUSY')) return 'busy';
  return /^SQLITE_(CORRUPT|NOTADB)/.test(code) ? 'damaged' : 'unavailable';
}
