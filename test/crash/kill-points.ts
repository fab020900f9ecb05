import Database from 'better-sqlite3';

/** A moment at which a process may die: around each statement that writes, begins or commits. */
export type KillPoint = {
  /** What the transaction under way has written so far. */
  readonly inside: 'nothing' | 'commit' | 'merge' | 'deletion';
  readonly sql: string;
  /** `after` follows `COMMIT` only: the rows are in the log, and nobody was told yet. */
  readonly when: 'before' | 'after';
};

type Run = (this: Database.Statement, ...args: unknown[]) => Database.RunResult;

/**
 * Calls `reach` at every kill point of every connection of this process, until disposed. What it throws is thrown
 * by the statement.
 */
export function watchKillPoints(reach: (point: KillPoint) => void): Disposable {
  using probe = openProbe();
  const prototype = Object.getPrototypeOf(probe.db.prepare('SELECT 1')) as { run: Run };
  const { run } = prototype;
  const met = new Set<Database.Database>();
  let inserted = false;
  let deleted = false;
  const inside = (): KillPoint['inside'] =>
    deleted ? (inserted ? 'merge' : 'deletion') : inserted ? 'commit' : 'nothing';
  prototype.run = function (...args) {
    const sql = this.source;
    if (!met.has(this.database)) {
      met.add(this.database);
      // Runs are short, and the log is to be copied and begun anew in them, too.
      this.database.pragma('wal_autocheckpoint = 40');
    }
    reach({ inside: inside(), sql, when: 'before' });
    const result = run.apply(this, args);
    if (sql.startsWith('INSERT INTO blocks')) inserted = true;
    if (sql.startsWith('DELETE FROM blocks')) deleted = true;
    if (sql === 'COMMIT') reach({ inside: inside(), sql, when: 'after' });
    if (sql === 'COMMIT' || sql.startsWith('BEGIN') || sql === 'ROLLBACK') {
      inserted = deleted = false;
    }
    return result;
  };
  return {
    [Symbol.dispose]() {
      prototype.run = run;
    },
  };
}

function openProbe(): Disposable & { readonly db: Database.Database } {
  const db = new Database(':memory:');
  return { db, [Symbol.dispose]: () => void db.close() };
}
