import type Database from 'better-sqlite3';
import { CHURNING_KINDS } from '../../core/inventory.ts';
import { STILL_THERE, type ObjectRetention } from './objects-history.ts';

/** One commit of this size takes some ten milliseconds: the process that serves the page waits for it. */
const BATCH = 1_000;

type Doomed = { readonly id: bigint; readonly content_id: bigint; readonly key_id: bigint };

/** Removes versions that ended long ago with what only they used, and what was said to be covered by them. */
export function createObjectPrune(db: Database.Database): (retention: ObjectRetention) => number {
  const select = db
    .prepare<unknown[], Doomed>(
      `SELECT id, content_id, key_id FROM object_versions WHERE short = ? AND until_at <= ?
       ORDER BY until_at LIMIT ${BATCH}`,
    )
    .safeIntegers();
  // The newest of the surplus: everything up to its end goes.
  const surplusEnd = db
    .prepare<[number], bigint>(
      `SELECT until_at FROM object_versions WHERE short = 1 AND until_at < ${STILL_THERE}
       ORDER BY until_at DESC LIMIT 1 OFFSET ?`,
    )
    .pluck()
    .safeIntegers();
  const remove = db.prepare('DELETE FROM object_versions WHERE id = ?');
  const removeContent = db.prepare(
    `DELETE FROM object_contents WHERE id = :id
     AND NOT EXISTS (SELECT 1 FROM object_versions WHERE content_id = :id)`,
  );
  const removeKey = db.prepare(
    `DELETE FROM object_keys WHERE id = :id
     AND NOT EXISTS (SELECT 1 FROM object_versions WHERE key_id = :id)`,
  );
  const isChurning = `kind IN (${[...CHURNING_KINDS].map((kind) => `'${kind}'`).join(', ')})`;
  const forget = [`NOT ${isChurning}`, isChurning].map((which) => ({
    ended: db.prepare(`DELETE FROM object_coverage WHERE until_at <= ? AND ${which}`),
    begun: db.prepare(
      `UPDATE object_coverage SET from_at = :before WHERE from_at < :before AND ${which}`,
    ),
  }));

  const prune = db.transaction((retention: ObjectRetention): number => {
    const surplus = surplusEnd.get(retention.maxChurning) ?? retention.churningBefore;
    const short = surplus > retention.churningBefore ? surplus : retention.churningBefore;
    const limits = [retention.before, short];
    const doomed = limits.flatMap((limit, isShort) => select.all(isShort, limit));
    for (const { id, content_id, key_id } of doomed) {
      remove.run(id);
      removeContent.run({ id: content_id });
      removeKey.run({ id: key_id });
    }
    for (const [index, { ended, begun }] of forget.entries()) {
      ended.run(limits[index]);
      begun.run({ before: limits[index] });
    }
    return doomed.length;
  });
  return (retention) => prune.immediate(retention);
}
