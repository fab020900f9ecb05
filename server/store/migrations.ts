import type Database from 'better-sqlite3';
import { readdirSync, readFileSync } from 'node:fs';
import { AppError } from '../core/errors.ts';

type Connection = Database.Database;

/** The numbered steps of one schema; `user_version` of a database says how many it has seen. */
export type Migrations = {
  /** How many there are. */
  count(): number;
  /** The first `count` of them, as SQL. */
  first(count: number): readonly string[];
  /** How many the file has seen. Throws `store-newer` when it is more than this version has. */
  seen(db: Connection, file: string): number;
  /** Brings a database up to date, each step in a transaction of its own. */
  run(db: Connection, file: string): void;
};

export function readMigrations(folder: URL): Migrations {
  const names = (): readonly string[] =>
    readdirSync(folder)
      .filter((name) => /^\d{4}-.*\.sql$/.test(name))
      .sort();
  const read = (name: string): string => readFileSync(new URL(name, folder), 'utf8');

  const seen = (db: Connection, file: string): number => {
    const version = Number(db.pragma('user_version', { simple: true }));
    const known = names().length;
    if (version <= known) return version;
    throw new AppError(
      'store-newer',
      `${file} has schema ${version}, and this version knows up to ${known}. ` +
        'Install the newer version, or name another data directory.',
    );
  };

  return {
    count: () => names().length,
    first: (count) => names().slice(0, count).map(read),
    seen,
    run(db, file) {
      const version = seen(db, file);
      for (const [index, name] of names().entries()) {
        if (index < version) continue;
        const sql = read(name);
        db.transaction(() => {
          db.exec(sql);
          db.pragma(`user_version = ${index + 1}`);
        }).immediate();
      }
    },
  };
}
