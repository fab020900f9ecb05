import Database from 'better-sqlite3';

/** What a transaction under way has written so far. */
type Place = 'nothing' | 'commit' | 'merge' | 'deletion' | 'seal' | 'backfill';

/** A moment at which a process may die: around each statement that writes, begins or commits. */
export type KillPoint = {
  readonly inside: Place;
  readonly sql: string;
  /** `after` follows `COMMIT` only: the rows are in the log, and nobody was told yet. */
  readonly when: 'before' | 'after';
};

export type Reach = (point: KillPoint, db: Database.Database) => void;

type Run = (this: Database.Statement, ...args: unknown[]) => Database.RunResult;

/** What statements tell of their transaction. */
const WRITES = {
  sealed: /^INSERT INTO seals /,
  stored: /^INSERT INTO blocks /,
  /** A commit stores among all flows first, so that alone it is a copy of what is there. */
  copied: /^INSERT INTO drop_blocks |^UPDATE store SET drops_after /,
  deleted: /^DELETE FROM (drop_)?blocks /,
  /** A merge writes its block before. */
  emptied: /^DELETE FROM (drop_)?raw_chunks /,
};

/**
 * Calls `reach` at every kill point of every connection of this process, until disposed. What it throws is thrown
 * by the statement.
 */
export function watchKillPoints(reach: Reach): Disposable {
  using probe = openProbe();
  const prototype = Object.getPrototypeOf(probe.db.prepare('SELECT 1')) as { run: Run };
  const { run } = prototype;
  const met = new Set<Database.Database>();
  const written = new Set<string>();
  prototype.run = function (...args) {
    const sql = this.source;
    const db = this.database;
    if (!met.has(db)) {
      met.add(db);
      // Runs are short, and the log is to be copied and begun anew in them, too.
      db.pragma('wal_autocheckpoint = 40');
    }
    reach({ inside: placeOf(written), sql, when: 'before' }, db);
    const result = run.apply(this, args);
    for (const [what, pattern] of Object.entries(WRITES)) if (pattern.test(sql)) written.add(what);
    if (sql === 'COMMIT') reach({ inside: placeOf(written), sql, when: 'after' }, db);
    if (sql === 'COMMIT' || sql.startsWith('BEGIN') || sql === 'ROLLBACK') written.clear();
    return result;
  };
  return {
    [Symbol.dispose]() {
      prototype.run = run;
    },
  };
}

function placeOf(written: ReadonlySet<string>): Place {
  if (written.has('sealed')) return 'seal';
  const hasInserted = written.has('stored') || written.has('copied');
  if (written.has('deleted')) {
    return written.has('emptied') && !hasInserted ? 'deletion' : 'merge';
  }
  if (written.has('stored')) return 'commit';
  return hasInserted ? 'backfill' : 'nothing';
}

function openProbe(): Disposable & { readonly db: Database.Database } {
  const db = new Database(':memory:');
  return { db, [Symbol.dispose]: () => void db.close() };
}
