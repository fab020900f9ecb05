import Database from 'better-sqlite3';
import { existsSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { nanos, NANOS_PER_SECOND, nanosFromMillis, type EpochNanos } from '../../core/time.ts';

type Connection = Database.Database;

/** A file that was found damaged and put aside. */
export type Quarantined = {
  /** Where it is now. */
  readonly file: string;
  readonly why: string;
};

/** What could still be read of it. */
export type Remains = {
  readonly head: number;
  readonly origins: readonly string[];
  /** Observed times; where they cannot be read, those of the file. */
  readonly from: EpochNanos;
  readonly to: EpochNanos;
};

/** Up to this size the whole structure is looked at whenever a store is opened: it takes a tenth of a second. */
const SMALL_BYTES = 32 * 1024 * 1024;

const suspicionOf = (file: string): string => `${file}.suspect`;

/** Has the file looked at from end to end when it is opened next: SQLite found it damaged while it was used. */
export function suspect(file: string, why: string): void {
  writeFileSync(suspicionOf(file), `${why}\n`);
}

/** Ends the suspicion of a file that was looked at. */
export function trust(file: string): void {
  rmSync(suspicionOf(file), { force: true });
}

/** Whether the structure must be looked at as a whole before the file is used. */
export function isDoubtful(file: string): boolean {
  const { size } = statSync(file, { throwIfNoEntry: false }) ?? { size: 0 };
  return size <= SMALL_BYTES || existsSync(suspicionOf(file));
}

/** What is wrong with an open database; `undefined` when nothing is. `whole` reads every page. */
export function damageOf(db: Connection, whole: boolean): string | undefined {
  try {
    const found: unknown = whole ? db.pragma('quick_check(1)', { simple: true }) : 'ok';
    if (found !== 'ok') return String(found);
    return shallowDamage(db);
  } catch (error) {
    const why = damageIn(error);
    if (why === undefined) throw error;
    return why;
  }
}

/** Without its log a file has as many pages as its first page says, or the log was deleted with what it held. */
export function sizeDamage(db: Connection, file: string): string | undefined {
  if ((statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0) return undefined;
  const read = (name: string): number => Number(db.pragma(name, { simple: true }));
  const expected = read('page_count') * read('page_size');
  const { size } = statSync(file);
  return size === expected ? undefined : `the file has ${size} bytes, and says ${expected}`;
}

/** What SQLite says where the error means that the file itself is damaged. */
export function damageIn(error: unknown): string | undefined {
  if (!(error instanceof Database.SqliteError)) return undefined;
  const isDamage = error.code.startsWith('SQLITE_CORRUPT') || error.code === 'SQLITE_NOTADB';
  return isDamage ? `${error.message} (${error.code})` : undefined;
}

/** Reads the little that every commit needs. */
function shallowDamage(db: Connection): string | undefined {
  const sql = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'store'";
  if (db.prepare<[], number>(sql).pluck().get() === 0) return undefined;
  for (const table of ['origins', 'checkpoints']) db.prepare(`SELECT * FROM ${table}`).all();
  const head = db.prepare<[], number>('SELECT head FROM store').pluck().get();
  const last = db.prepare<[], number | null>('SELECT max(last_seq) FROM blocks').pluck().get() ?? 0;
  if (head === undefined) return 'the highest sequence number is missing';
  return head < last ? `flow ${last} is beyond the highest sequence number ${head}` : undefined;
}

/** Renames the log alone. */
export function putLogAside(file: string, now: Date): void {
  renameSync(`${file}-wal`, `${freeName(file, now)}-wal`);
  rmSync(`${file}-shm`);
}

function freeName(file: string, now: Date): string {
  const time = now.toISOString().replaceAll(/[-:]|\.\d+/g, '');
  let aside = `${file}.damaged-${time}`;
  for (let again = 2; existsSync(aside) || existsSync(`${aside}-wal`); again += 1) {
    aside = `${file}.damaged-${time}-${again}`;
  }
  return aside;
}

/** Renames the file and what belongs to it; nothing is deleted. */
export function putAside(file: string, now: Date): string {
  const aside = freeName(file, now);
  for (const suffix of ['', '-wal', '-shm', '.suspect']) {
    if (existsSync(file + suffix)) renameSync(file + suffix, aside + suffix);
  }
  return aside;
}

/** Reads what can be read of a damaged file. It may lack anything. */
export function remainsOf(file: string): Remains {
  const { birthtimeMs, mtimeMs } = statSync(file);
  let remains: Remains = {
    head: 0,
    origins: [],
    from: nanosFromMillis(Math.min(birthtimeMs || mtimeMs, mtimeMs)),
    to: nanosFromMillis(mtimeMs),
  };
  let db: Connection | undefined;
  const attempt = (read: (db: Connection) => Partial<Remains>): void => {
    try {
      db ??= new Database(file, { readonly: true });
      remains = { ...remains, ...read(db) };
    } catch (error) {
      // Damage is why it is read at all.
      if (!(error instanceof Database.SqliteError)) throw error;
    }
  };
  // What is read may be of any type and say anything.
  attempt((db) => {
    const head = db.prepare('SELECT head FROM store').pluck().get();
    return Number.isSafeInteger(head) && Number(head) >= 0 ? { head: Number(head) } : {};
  });
  attempt((db) => {
    const origins = db.prepare('SELECT origin FROM origins').pluck().all();
    return { origins: origins.filter((origin) => typeof origin === 'string') };
  });
  attempt((db) => {
    const sql = 'SELECT min(min_observed) AS "from", max(max_observed) AS "to" FROM blocks';
    const span = db.prepare<[], Record<'from' | 'to', unknown>>(sql).safeIntegers().get();
    if (typeof span?.from !== 'bigint' || typeof span.to !== 'bigint') return {};
    const { from, to } = span;
    return from <= to && to < remains.to + DAY ? { from: nanos(from), to: nanos(to) } : {};
  });
  db?.close();
  return remains;
}

const DAY = 86_400n * NANOS_PER_SECOND;
const REASON = 'store file damaged';

/** Notes in a new database what it lacks. */
export function noteLoss(db: Connection, { head, origins, from, to }: Remains): void {
  const insertGap = db.prepare(
    `INSERT INTO gaps (kind, origin, node, from_time, to_time, count, reason, before_seq)
     VALUES ('unwatched', ?, '', ?, ?, '', ?, ?)`,
  );
  db.transaction(() => {
    // Numbers are never used twice, and what was before is gone as by retention, but for the gap.
    db.prepare('UPDATE store SET head = ?, flows_removed_to = ?, drops_removed_to = ?').run(
      ...[head, to, to],
    );
    // A source that nobody can name any more: the gap is nobody's and everybody's.
    for (const origin of origins.length === 0 ? [''] : origins) {
      insertGap.run(origin, from, to, REASON, head + 1);
    }
  }).immediate();
}
