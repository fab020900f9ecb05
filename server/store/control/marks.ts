import type Database from 'better-sqlite3';
import type { DropMark } from '../../core/drop-state.ts';
import { AppError } from '../../core/errors.ts';
import { nanos } from '../../core/time.ts';

/** Many more than a person could make. */
const MAX_MARKS = 10_000;

type MarkRow = {
  readonly key: string;
  readonly acknowledged_at: bigint;
  readonly until: bigint;
  readonly note: string;
  readonly who: string;
};

export type Marks = {
  all(): readonly DropMark[];
  save(mark: DropMark): void;
  remove(key: string): boolean;
};

export function createMarks(db: Database.Database): Marks {
  const selectAll = db
    .prepare<[], MarkRow>('SELECT key, acknowledged_at, until, note, who FROM drop_marks')
    .safeIntegers();
  const forgetEnded = db.prepare('DELETE FROM drop_marks WHERE until <> 0 AND until <= ?');
  const count = db
    .prepare<[string], number>('SELECT count(*) FROM drop_marks WHERE key <> ?')
    .pluck();
  const upsert = db.prepare(
    'INSERT OR REPLACE INTO drop_marks (key, acknowledged_at, until, note, who) VALUES (?, ?, ?, ?, ?)',
  );
  const remove = db.prepare('DELETE FROM drop_marks WHERE key = ?');

  const save = db.transaction(({ key, acknowledgedAt, until, note, who }: DropMark) => {
    forgetEnded.run(acknowledgedAt);
    if ((count.get(key) ?? 0) >= MAX_MARKS) {
      throw new AppError('bad-request', `there are ${MAX_MARKS} marks; remove some first`);
    }
    upsert.run(key, acknowledgedAt, until ?? 0n, note, who);
  });

  return {
    all: () => selectAll.all().map(markOf),
    save: (mark) => save.immediate(mark),
    remove: (key) => remove.run(key).changes > 0,
  };
}

const markOf = ({ key, acknowledged_at: at, until, note, who }: MarkRow): DropMark => ({
  key,
  acknowledgedAt: nanos(at),
  until: until === 0n ? undefined : nanos(until),
  note,
  who,
});
