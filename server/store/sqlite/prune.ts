import type { EpochNanos } from '../../core/time.ts';
import { rowsOf, type Catalog } from './catalog.ts';
import type { Connection } from './database.ts';
import type { Ledger } from './ledger.ts';
import type { PolicyRollup } from './policy-rollup.ts';
import { nextTurn, type InTurn } from './turns.ts';

/** Blocks deleted at once, and pages given back at once: commits go on in between. */
const BLOCKS_A_STEP = 16;
const PAGES_A_STEP = 2_000;

export type Pruner = {
  /**
   * Deletes blocks that were received before the time, and minutes and gaps that are older than it and than
   * every flow that is kept. Answers with the number of flows deleted.
   */
  prune(before: EpochNanos, inTurn: InTurn): Promise<number>;
};

export function createPruner(
  db: Connection,
  catalog: Catalog,
  ledger: Ledger,
  rollup: PolicyRollup,
): Pruner {
  const deleteBlock = db.prepare('DELETE FROM blocks WHERE first_seq = ?');
  const deleteRaw = db.prepare('DELETE FROM raw_chunks WHERE first_seq BETWEEN ? AND ?');

  const deleteSome = (before: EpochNanos): number => {
    const old = catalog
      .headers()
      .filter(({ maxReceived }) => maxReceived < before)
      .slice(0, BLOCKS_A_STEP);
    if (old.length === 0) return 0;
    db.transaction(() => {
      for (const { firstSeq, lastSeq } of old) {
        deleteBlock.run(firstSeq);
        deleteRaw.run(firstSeq, lastSeq);
      }
    }).immediate();
    const gone = new Set(old);
    catalog.replace(catalog.headers().filter((header) => !gone.has(header)));
    return old.reduce((rows, header) => rows + rowsOf(header), 0);
  };

  /** Answers whether there is more to give back. */
  const giveBack = (): boolean => {
    db.exec(`PRAGMA incremental_vacuum(${PAGES_A_STEP})`);
    return Number(db.pragma('freelist_count', { simple: true })) > 0;
  };

  const oldestOf = (before: EpochNanos): EpochNanos =>
    catalog
      .headers()
      .map(({ minObserved }) => minObserved)
      .reduce((oldest, time) => (time < oldest ? time : oldest), before);

  return {
    async prune(before, inTurn) {
      let deleted = 0;
      for (;;) {
        const rows = await inTurn(() => deleteSome(before));
        if (rows === 0) break;
        deleted += rows;
        await nextTurn();
      }
      await inTurn(() => {
        db.transaction(() => {
          ledger.pruneGaps(oldestOf(before));
          rollup.prune(oldestOf(before));
        }).immediate();
      });
      while (await inTurn(giveBack)) await nextTurn();
      await inTurn(() => db.pragma('wal_checkpoint(TRUNCATE)'));
      return deleted;
    },
  };
}
