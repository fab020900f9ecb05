import { openBlock, type Block } from '../../columns/block.ts';
import { nanos, type EpochNanos } from '../../core/time.ts';
import type { BlockCache } from './block-cache.ts';
import type { BlockHeader } from './block-set.ts';
import type { Connection } from './database.ts';

/** Counts of the flows of neighboring blocks, made beforehand. */
export type Rollup = {
  readonly id: number;
  /** 0 of blocks, above of roll-ups of the level below. */
  readonly level: number;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly minObserved: EpochNanos;
  readonly maxObserved: EpochNanos;
  /** Some of the flows are aggregates over a window. */
  readonly aggregated: boolean;
  /** Numbers of the cubes that it has; one that would be large is left out. */
  readonly cubes: readonly number[];
};

export type NewRollup = Omit<Rollup, 'id' | 'cubes'> & {
  readonly cubes: ReadonlyMap<number, Buffer>;
  readonly filter: Buffer | undefined;
};

export type Rollups = {
  /** In order of sequence numbers within a level. */
  list(): readonly Rollup[];
  /** Columns of a cube; `undefined` when it was removed meanwhile. */
  columns(rollup: Rollup, cube: number): Buffer | undefined;
  /** The same, opened, and kept for a while. */
  open(rollup: Rollup, cube: number): Block | undefined;
  filter(rollup: Rollup): Buffer | undefined;
  insert(rollup: NewRollup): void;
  /** Inside a transaction that removes blocks: what counts their flows goes with them. */
  deleteOf(headers: readonly BlockHeader[]): void;
  /** After it. */
  refresh(): void;
};

type Row = Record<
  'id' | 'level' | 'first_seq' | 'last_seq' | 'min_observed' | 'max_observed' | 'aggregated',
  bigint
> & { readonly cubes: string | null };

type RollupsOptions = {
  readonly db: Connection;
  readonly cache: BlockCache;
  /** Answers a number that changes when blocks are removed, where another process commits; else `undefined`. */
  readonly revision: (() => number) | undefined;
};

export function openRollups({ db, cache, revision }: RollupsOptions): Rollups {
  const select = db
    .prepare<[number], Row>(
      `SELECT rollups.*, (SELECT group_concat(cube) FROM rollup_cubes WHERE rollup = id) AS cubes
       FROM rollups WHERE id > ? ORDER BY id`,
    )
    .safeIntegers();
  const selectColumns = db
    .prepare<[number, number], Buffer>(
      'SELECT columns FROM rollup_cubes WHERE rollup = ? AND cube = ?',
    )
    .pluck();
  const selectFilter = db
    .prepare<[number], Buffer>('SELECT filter FROM rollup_filters WHERE rollup = ?')
    .pluck();
  const insertRollup = db.prepare(
    `INSERT INTO rollups (level, first_seq, last_seq, min_observed, max_observed, aggregated)
     VALUES (?, ?, ?, ?, ?, ?)`,
  );
  const insertCube = db.prepare(
    'INSERT INTO rollup_cubes (rollup, cube, columns) VALUES (?, ?, ?)',
  );
  const insertFilter = db.prepare('INSERT INTO rollup_filters (rollup, filter) VALUES (?, ?)');
  const OF_SPAN = 'SELECT id FROM rollups WHERE first_seq <= ? AND last_seq >= ?';
  const deletions = [
    `DELETE FROM rollup_cubes WHERE rollup IN (${OF_SPAN})`,
    `DELETE FROM rollup_filters WHERE rollup IN (${OF_SPAN})`,
    'DELETE FROM rollups WHERE first_seq <= ? AND last_seq >= ?',
  ].map((sql) => db.prepare<[number, number]>(sql));

  const read = (after: number): readonly Rollup[] => select.all(after).map(rollupOf);
  let known: readonly Rollup[] = read(0);
  let seen = revision?.();

  const columns = ({ id }: Rollup, cube: number): Buffer | undefined => selectColumns.get(id, cube);

  return {
    list() {
      if (revision === undefined) return known;
      const now = revision();
      const kept = seen === now ? known : [];
      seen = now;
      known = [...kept, ...read(kept.at(-1)?.id ?? 0)];
      return known;
    },
    columns,
    open(rollup, cube) {
      const key = `rollup ${rollup.id}.${cube}`;
      const cached = cache.get(key);
      if (cached !== undefined) return cached;
      const bytes = columns(rollup, cube);
      if (bytes === undefined) return undefined;
      const block = openBlock(bytes);
      cache.put(key, { firstSeq: rollup.firstSeq, block });
      return block;
    },
    filter: ({ id }) => selectFilter.get(id),
    insert({ level, firstSeq, lastSeq, minObserved, maxObserved, aggregated, cubes, filter }) {
      db.transaction(() => {
        const { lastInsertRowid } = insertRollup.run(
          ...[level, firstSeq, lastSeq, minObserved, maxObserved, Number(aggregated)],
        );
        for (const [cube, blob] of cubes) insertCube.run(lastInsertRowid, cube, blob);
        if (filter !== undefined) insertFilter.run(lastInsertRowid, filter);
      }).immediate();
      known = [...known, ...read(known.at(-1)?.id ?? 0)];
    },
    deleteOf(headers) {
      for (const { firstSeq, lastSeq } of headers) {
        for (const statement of deletions) statement.run(lastSeq, firstSeq);
      }
    },
    refresh: () => void (known = read(0)),
  };
}

const rollupOf = (row: Row): Rollup => ({
  id: Number(row.id),
  level: Number(row.level),
  firstSeq: Number(row.first_seq),
  lastSeq: Number(row.last_seq),
  minObserved: nanos(row.min_observed),
  maxObserved: nanos(row.max_observed),
  aggregated: row.aggregated !== 0n,
  cubes: (row.cubes ?? '')
    .split(',')
    .filter((cube) => cube !== '')
    .map(Number),
});
