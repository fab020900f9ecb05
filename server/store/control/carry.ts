import Database from 'better-sqlite3';
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../core/errors.ts';
import { integrityFaults } from '../sqlite/backup.ts';
import { guard, storeFailure } from '../sqlite/failures.ts';
import { CONTROL_FILE } from './open-control.ts';

/**
 * A backup is one file: the control database lies in it as the bytes of its own file, cut into rows, in a table that
 * only copies have.
 */
const TABLE = 'control_copy';
/** A row holds a gigabyte at most, and memory less. */
const PART_BYTES = 4 * 1024 * 1024;
/** Enough to be fast; a server that writes meanwhile is not kept from it. */
const PAGES_A_STEP = 2_048;

const OWNER_ONLY = 0o600;

/**
 * Puts the control database of a data directory into a copy of its store, where there is one. Throws `store-damaged`
 * for one that is: a backup that silently lacks it would be found out too late.
 */
export async function packControl(directory: string, copy: string): Promise<void> {
  const file = join(directory, CONTROL_FILE);
  if (!existsSync(file)) return;
  const whole = `${copy}.control`;
  try {
    closeSync(openSync(whole, 'wx', OWNER_ONLY));
    await copyWhole(file, whole);
    putParts(whole, copy);
  } catch (error) {
    throw storeFailure('Copying the marks and views', file, error) ?? error;
  } finally {
    for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(whole + suffix, { force: true });
  }
}

/** As it is at one moment, log included. */
async function copyWhole(file: string, to: string): Promise<void> {
  const db = new Database(file, { readonly: true });
  try {
    // An open read transaction holds the moment: without it every commit would begin the copy anew.
    db.exec('BEGIN');
    const faults = integrityFaults(db, 'integrity_check');
    if (faults.length > 0) {
      throw new AppError(
        'store-damaged',
        `${file}: ${faults.slice(0, 3).join('; ')}. Start the server: it puts the file aside and begins a new one.`,
      );
    }
    await db.backup(to, { progress: () => PAGES_A_STEP });
  } finally {
    db.close();
  }
}

function putParts(file: string, copy: string): void {
  const handle = openSync(file, 'r');
  const db = new Database(copy);
  try {
    // Synchronous is FULL unless told, so that this is on disk when it returns.
    db.exec(`BEGIN; CREATE TABLE ${TABLE} (file BLOB NOT NULL) STRICT`);
    const insert = db.prepare(`INSERT INTO ${TABLE} (file) VALUES (?)`);
    const part = Buffer.alloc(PART_BYTES);
    for (let length; (length = readSync(handle, part)) > 0;) insert.run(part.subarray(0, length));
    db.exec('COMMIT');
  } finally {
    db.close();
    closeSync(handle);
  }
}

/** Takes the control database out of a restored store and writes it to `to`. Answers whether there was one. */
export function unpackControl(store: string, to: string): boolean {
  return guard('Restoring the marks and views', to, () => {
    const db = new Database(store);
    try {
      const known = db.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?').get(TABLE);
      if (known === undefined) return false;
      const parts = db.prepare<[], Buffer>(`SELECT file FROM ${TABLE} ORDER BY rowid`).pluck();
      writeParts(to, parts.iterate());
      db.exec(`DROP TABLE ${TABLE}`);
      return true;
    } finally {
      db.close();
    }
  });
}

function writeParts(file: string, parts: Iterable<Buffer>): void {
  const handle = openSync(file, 'wx', OWNER_ONLY);
  try {
    for (const part of parts) writeFileSync(handle, part);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
