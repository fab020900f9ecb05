import type Database from 'better-sqlite3';
import type { Coverage } from '../../core/inventory.ts';
import { nanos } from '../../core/time.ts';
import type { ObjectHistory } from './objects-history.ts';

type CoverageRow = {
  readonly source: string;
  readonly cluster: string;
  readonly kind: string;
  readonly from_at: bigint;
  readonly until_at: bigint;
};

/** Which source told all of a kind from when to when. */
export function createObjectCoverage(
  db: Database.Database,
): Pick<ObjectHistory, 'cover' | 'coveredUntil' | 'coverageAt'> {
  // By its end: retention may have moved its beginning.
  const extend = db.prepare(
    `UPDATE object_coverage SET until_at = max(until_at, :until) WHERE id = (
       SELECT id FROM object_coverage WHERE source = :source AND kind = :kind ORDER BY until_at DESC LIMIT 1
     ) AND until_at >= :from`,
  );
  const insert = db.prepare(
    'INSERT INTO object_coverage (until_at, source, kind, from_at, cluster) VALUES (?, ?, ?, ?, ?)',
  );
  const at = db
    .prepare<unknown[], CoverageRow>(
      `SELECT source, cluster, kind, from_at, until_at FROM object_coverage
       WHERE until_at >= :time AND from_at <= :time ORDER BY source, kind`,
    )
    .safeIntegers();
  const last = db
    .prepare<[string], bigint | null>('SELECT max(until_at) FROM object_coverage WHERE source = ?')
    .pluck()
    .safeIntegers();
  const cover = db.transaction((spans: readonly Coverage[]) => {
    for (const { source, cluster, kind, from, until } of spans)
      if (extend.run({ until, source, kind, from }).changes === 0)
        insert.run(until, source, kind, from, cluster);
  });
  return {
    cover: (spans) => cover.immediate(spans),
    coveredUntil(source) {
      const until = last.get(source) ?? null;
      return until === null ? undefined : nanos(until);
    },
    coverageAt: (time) =>
      at.all({ time }).map(({ from_at, until_at, ...row }) => ({
        ...row,
        from: nanos(from_at),
        until: nanos(until_at),
      })),
  };
}
