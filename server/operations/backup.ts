import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { extname, join, resolve } from 'node:path';
import { AppError } from '../core/errors.ts';
import { formatTime, nanos } from '../core/time.ts';
import type { Clock } from '../lib/clock.ts';
import { packControl } from '../store/control/carry.ts';
import {
  copyDatabase,
  syncDirectoryOf,
  type Contents,
  type CopyOptions,
} from '../store/sqlite/backup.ts';
import { FILE } from '../store/sqlite/database.ts';
import { DEMO_MARK, isDemo } from './demo-mark.ts';

export type BackupOptions = {
  /** Data directory of the store; a server may be writing it. */
  readonly directory: string;
  /**
   * File to make; or a directory to make one in, which is named after the time. A name without an ending is a
   * directory, which is made.
   */
  readonly target: string;
  readonly clock: Clock;
} & Pick<CopyOptions, 'progress' | 'pagesAStep'>;

export type Backup = Omit<Contents, 'tables' | 'mark'> & {
  /** Absolute path. */
  readonly file: string;
  readonly bytes: number;
  /** Moment after which nothing is in the backup, RFC 3339. */
  readonly takenAt: string;
};

/**
 * Copies the store as it is at one moment into one file, with the marks and views beside it, checks it, and only then
 * gives the file its name. Throws an AppError: `file-exists` when the name is taken, `not-found` when there is no store,
 * `store-failed`, `store-damaged`.
 */
export async function backUp({
  directory,
  target,
  clock,
  ...copying
}: BackupOptions): Promise<Backup> {
  const source = join(directory, FILE);
  if (!existsSync(source)) {
    throw new AppError('not-found', `${source} does not exist; name a data directory with --data`);
  }
  const takenAt = formatTime(nanos(clock.now()));
  const file = backupFile(target, takenAt);
  if (existsSync(file)) throw nameTaken(file);
  const partial = `${file}.${randomBytes(4).toString('hex')}.partial`;
  const mark = isDemo(directory) ? DEMO_MARK : 0;
  const { head, blocks, flows } = await copyDatabase({
    ...copying,
    from: source,
    to: partial,
    mark,
  });
  try {
    await packControl(directory, partial);
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
  giveName(partial, file);
  return { file, bytes: statSync(file).size, takenAt, head, blocks, flows };
}

function backupFile(target: string, takenAt: string): string {
  const path = resolve(target);
  const known = statSync(path, { throwIfNoEntry: false });
  const isDirectory = known?.isDirectory() ?? (extname(path) === '' || /[\\/]$/.test(target));
  if (isDirectory && known === undefined) makeDirectory(path);
  const stamp = takenAt.slice(0, 19).replaceAll(/[-:]/g, '');
  return isDirectory ? join(path, `dropwise-${stamp}Z.sqlite`) : path;
}

/** Only the last part of the path: a parent that is missing is a disk that is not mounted, or a typing error. */
function makeDirectory(path: string): void {
  try {
    mkdirSync(path);
  } catch (cause) {
    throw new AppError('store-failed', `${path} cannot be made: ${String(cause)}`, { cause });
  }
}

const nameTaken = (file: string, cause?: unknown): AppError =>
  new AppError('file-exists', `${file} is there already; a backup overwrites nothing`, { cause });

/** A rename would replace a file that came meanwhile; a second name for the same file does not. */
export function giveName(partial: string, file: string): void {
  try {
    linkSync(partial, file);
    syncDirectoryOf(file);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') {
      throw nameTaken(file, error);
    }
    throw new AppError('store-failed', `${file} cannot be made: ${String(error)}`, {
      cause: error,
    });
  } finally {
    rmSync(partial, { force: true });
  }
}
