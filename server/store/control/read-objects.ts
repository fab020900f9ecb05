import Database from 'better-sqlite3';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { guard } from '../sqlite/failures.ts';
import { createObjectHistory } from './objects.ts';
import type { ObjectHistory } from './objects-history.ts';
import { CONTROL_FILE } from './open-control.ts';

/** What can be read of the history of objects without changing it. Throws an AppError where it cannot be read. */
export type ObjectReader = Disposable &
  Pick<ObjectHistory, 'open' | 'at' | 'of' | 'coverageAt' | 'coveredUntil'> & {
    /** Another number as soon as anybody has written the file. */
    writes(): number;
  };

/** A server that writes holds the file for moments only. */
const BUSY_MS = 1_000;

/**
 * The history of objects in a data directory, beside a server that may be writing it. `undefined` where there is none.
 * Throws an AppError `store-failed` or `store-damaged` where it cannot be read.
 */
export function readObjects(directory: string): ObjectReader | undefined {
  const file = join(directory, CONTROL_FILE);
  if (!existsSync(file)) return undefined;
  return guard('Reading the objects', file, () => {
    using undo = new DisposableStack();
    const db = new Database(file, { readonly: true, timeout: BUSY_MS });
    undo.defer(() => db.close());
    // A file of a version that kept no objects yet has none, and this does not migrate it.
    const hasObjects = db
      .prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'object_versions'")
      .get();
    if (hasObjects === undefined) return undefined;
    const { open, at, of, coverageAt, coveredUntil } = createObjectHistory(db);
    const writes = db.prepare<[], number>('PRAGMA data_version').pluck();
    const held = undo.move();
    const attempt = <A extends readonly unknown[], T>(run: (...args: A) => T) => {
      return (...args: A): T => guard('Reading the objects', file, () => run(...args));
    };
    return {
      open: attempt(open),
      at: attempt(at),
      of: attempt(of),
      coverageAt: attempt(coverageAt),
      coveredUntil: attempt(coveredUntil),
      writes: attempt(() => writes.get() ?? 0),
      [Symbol.dispose]: () => held.dispose(),
    };
  });
}
