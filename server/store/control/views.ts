import type Database from 'better-sqlite3';
import { AppError } from '../../core/errors.ts';
import { nanos } from '../../core/time.ts';
import type { SavedView } from './control-store.ts';

/** A list that a person can still read. */
const MAX_VIEWS = 500;

type ViewRow = {
  readonly id: string;
  readonly name: string;
  readonly query: string;
  readonly t: string;
  readonly cols: string;
  readonly sort: string;
  readonly shared: bigint;
  readonly created_at: bigint;
  readonly updated_at: bigint;
};

export type Views = {
  all(): readonly SavedView[];
  save(view: SavedView): SavedView;
  remove(id: string): boolean;
};

const COLUMNS = 'id, name, query, t, cols, sort, shared, created_at, updated_at';

export function createViews(db: Database.Database): Views {
  const selectAll = db
    .prepare<[], ViewRow>(`SELECT ${COLUMNS} FROM saved_views ORDER BY name, id`)
    .safeIntegers();
  const count = db
    .prepare<[string], number>('SELECT count(*) FROM saved_views WHERE id <> ?')
    .pluck();
  const upsert = db
    .prepare<unknown[], ViewRow>(
      `INSERT INTO saved_views (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET name = excluded.name, query = excluded.query, t = excluded.t,
         cols = excluded.cols, sort = excluded.sort, shared = excluded.shared, updated_at = excluded.updated_at
       RETURNING ${COLUMNS}`,
    )
    .safeIntegers();
  const remove = db.prepare('DELETE FROM saved_views WHERE id = ?');

  const save = db.transaction((view: SavedView): SavedView => {
    if ((count.get(view.id) ?? 0) >= MAX_VIEWS) {
      throw new AppError('bad-request', `there are ${MAX_VIEWS} saved views; remove some first`);
    }
    const { id, name, query, t, cols, sort, shared, createdAt, updatedAt } = view;
    const row = upsert.get(
      ...[id, name, query, t, cols, sort],
      ...[shared ? 1 : 0, createdAt, updatedAt],
    );
    if (row === undefined) throw new Error('an upsert answers with its row');
    return viewOf(row);
  });

  return {
    all: () => selectAll.all().map(viewOf),
    save: (view) => save.immediate(view),
    remove: (id) => remove.run(id).changes > 0,
  };
}

const viewOf = ({ shared, created_at, updated_at, ...texts }: ViewRow): SavedView => ({
  ...texts,
  shared: shared === 1n,
  createdAt: nanos(created_at),
  updatedAt: nanos(updated_at),
});
