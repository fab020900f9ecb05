import Database from 'better-sqlite3';
import { closeSync, existsSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../core/errors.ts';
import { integrityFaults } from '../sqlite/backup.ts';
import { guard } from '../sqlite/failures.ts';
import { CONTROL_FILE } from './open-control.ts';

/** A backup is one file: the control database lies in it as the bytes of its own file, in a table that only copies have. */
const TABLE = 'control_copy';

const OWNER_ONLY = 0o600;

/**
 * Puts the control database of a data directory into a copy of its store, where there is one. Throws `store-damaged`
 * for one that is: a backup that silently lacks it would be found out too late.
 */
export function packControl(directory: string, copy: string): void {
  const file = join(directory, CONTROL_FILE);
  if (!existsSync(file)) return;
  guard('Copying the marks and views', file, () => {
    const bytes = readWhole(file);
    const db = new Database(copy);
    try {
      // Synchronous is FULL unless told, so that this is on disk when it returns.
      db.exec(`CREATE TABLE ${TABLE} (file BLOB NOT NULL) STRICT`);
      db.prepare(`INSERT INTO ${TABLE} (file) VALUES (?)`).run(bytes);
    } finally {
      db.close();
    }
  });
}

/** As it is at one moment, log included. */
function readWhole(file: string): Buffer {
  const db = new Database(file, { readonly: true });
  try {
    const faults = integrityFaults(db, 'integrity_check');
    if (faults.length > 0) {
      throw new AppError(
        'store-damaged',
        `${file}: ${faults.slice(0, 3).join('; ')}. Start the server: it puts the file aside and begins a new one.`,
      );
    }
    return db.serialize();
  } finally {
    db.close();
  }
}

/** Takes the control database out of a restored store and writes it to `to`. Answers whether there was one. */
export function unpackControl(store: string, to: string): boolean {
  return guard('Restoring the marks and views', to, () => {
    const db = new Database(store);
    try {
      const known = db.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?').get(TABLE);
      if (known === undefined) return false;
      const bytes = db.prepare<[], Buffer>(`SELECT file FROM ${TABLE}`).pluck().get();
      if (bytes !== undefined) writeWhole(to, bytes);
      db.exec(`DROP TABLE ${TABLE}`);
      return bytes !== undefined;
    } finally {
      db.close();
    }
  });
}

function writeWhole(file: string, bytes: Buffer): void {
  const handle = openSync(file, 'wx', OWNER_ONLY);
  try {
    writeSync(handle, bytes);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
