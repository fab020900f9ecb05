import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { randomBytes } from 'node:crypto';
import { AppError } from '../core/errors.ts';
import { unpackControl } from '../store/control/carry.ts';
import { CONTROL_FILE } from '../store/control/open-control.ts';
import { checkFile, copyDatabase, type Contents } from '../store/sqlite/backup.ts';
import { FILE, lockDirectory } from '../store/sqlite/database.ts';
import { guard } from '../store/sqlite/failures.ts';
import { giveName } from './backup.ts';
import { claimDirectory, DEMO_MARK } from './demo-mark.ts';

export type RestoreOptions = {
  readonly file: string;
  /** Data directory to be; made where it is absent. */
  readonly directory: string;
  readonly progress: (done: number, total: number) => void;
};

export type Restored = Omit<Contents, 'tables' | 'mark'> & {
  /** Absolute path of the database. */
  readonly file: string;
  /** Whether it had marks and views. */
  readonly control: boolean;
  /** Made by the demo; only the demo can be started on it. */
  readonly demo: boolean;
};

/**
 * Checks a backup and makes a store of it in a directory that has none. Throws an AppError: `not-found`,
 * `not-a-store`, `store-damaged` or `store-newer` for the file, `file-exists` or `store-in-use` for the directory.
 */
export async function restore({ file, directory, progress }: RestoreOptions): Promise<Restored> {
  const from = resolve(file);
  if (!existsSync(from)) throw new AppError('not-found', `${from} does not exist`);
  const to = join(resolve(directory), FILE);
  const control = join(resolve(directory), CONTROL_FILE);
  refuse(to);
  refuse(control);
  const { mark, head, blocks, flows } = checkFile(from);
  const demo = mark === DEMO_MARK;
  const lock = guard('Restoring', to, () => {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    return lockDirectory(directory);
  });
  try {
    claimDirectory(directory, { demo });
    const partial = `${to}.${randomBytes(4).toString('hex')}.partial`;
    await copyDatabase({ from, to: partial, progress, mark });
    restoreControl(partial, control);
    giveName(partial, to);
  } finally {
    lock.close();
  }
  return { file: to, control: existsSync(control), demo, head, blocks, flows };
}

/** Before the store has its name: a store without the marks of its backup would look whole. */
function restoreControl(store: string, control: string): void {
  const partial = `${control}.${randomBytes(4).toString('hex')}.partial`;
  try {
    if (unpackControl(store, partial)) giveName(partial, control);
  } catch (error) {
    rmSync(partial, { force: true });
    rmSync(store, { force: true });
    throw error;
  }
}

/** A log without its database would be played into the one that is restored. */
function refuse(database: string): void {
  const found = ['', '-wal', '-journal']
    .map((suffix) => database + suffix)
    .find((path) => existsSync(path));
  if (found === undefined) return;
  throw new AppError(
    'file-exists',
    `${found} is there already; restore into an empty directory, or move it away`,
  );
}
