import Database from 'better-sqlite3';
import { join } from 'node:path';

/** A store's file as any other program opens it. */
export function openFile(directory: string): Disposable & { readonly db: Database.Database } {
  const db = new Database(join(directory, 'dropwise.sqlite'), { readonly: true });
  return { db, [Symbol.dispose]: () => void db.close() };
}

/** The seals that another connection can read, a text each. */
export function sealsIn(directory: string): readonly string[] {
  using opened = openFile(directory);
  const { db } = opened;
  const made = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'seals'").get();
  if (made === undefined) return [];
  return db
    .prepare<[], string>("SELECT block_set || ' ' || number || ' ' || hash FROM seals")
    .pluck()
    .all();
}

/** Somebody may have noted a seal as soon as it could be read. */
export function sealFaults(directory: string, seen: readonly string[]): string[] {
  const there = new Set(sealsIn(directory));
  return seen.filter((seal) => !there.has(seal)).map((seal) => `the seal ${seal} is gone`);
}
