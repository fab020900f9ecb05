import { formatTime, nanos, type EpochNanos } from '../../core/time.ts';
import type { Retention } from '../flow-store.ts';
import type { BlockHeader } from './block-set.ts';
import { TABLES, type SetName } from './set-tables.ts';
import type { Catalog } from './catalog.ts';
import type { Connection } from './database.ts';
import type { Ledger } from './ledger.ts';
import type { PolicyRollup } from './policy-rollup.ts';
import { nextTurn, type InTurn } from './turns.ts';
import type { Upkeep } from './upkeep.ts';
import type { WatchLedger } from './watch-ledger.ts';

/** Blocks deleted at once, and pages given back at once: commits go on in between. */
const BLOCKS_A_STEP = 16;
/** Fewer where each step decides whether there must be another. */
const BLOCKS_A_STEP_BY_SIZE = 4;
const PAGES_A_STEP = 2_000;

export type Pruner = {
  /** Deletes what `retention` says. Answers with the number of flows deleted. */
  prune(retention: Retention, inTurn: InTurn): Promise<number>;
};

type PrunerParts = {
  readonly db: Connection;
  readonly catalog: Catalog;
  readonly ledger: Ledger;
  readonly watches: WatchLedger;
  readonly rollup: PolicyRollup;
  readonly upkeep: Upkeep;
};

/** Blocks to delete in one step, and the rule that says so. */
type Victims = {
  readonly set: SetName;
  readonly headers: readonly BlockHeader[];
  readonly rule: string;
};

export function createPruner(parts: PrunerParts): Pruner {
  const { db, catalog, ledger, watches, rollup, upkeep } = parts;
  const remove = createRemover(db, catalog, upkeep);

  /** Deletes step by step; answers with the number of rows. */
  const removeAll = async (inTurn: InTurn, choose: () => Victims | undefined): Promise<number> => {
    let deleted = 0;
    for (;;) {
      const rows = await inTurn(async () => {
        const victims = choose();
        return victims === undefined ? 0 : await remove(victims);
      });
      if (rows === 0) return deleted;
      deleted += rows;
      await nextTurn();
    }
  };

  /** Answers whether there is more to give back. */
  const giveBack = (): boolean => {
    db.exec(`PRAGMA incremental_vacuum(${PAGES_A_STEP})`);
    return Number(db.pragma('freelist_count', { simple: true })) > 0;
  };

  const oldestKept = (before: EpochNanos): EpochNanos =>
    [...catalog.all.headers(), ...catalog.drops.headers()]
      .map(({ minObserved }) => minObserved)
      .reduce((oldest, time) => (time < oldest ? time : oldest), before);

  return {
    async prune(retention, inTurn) {
      // What is removed must have been copied: its drops are kept longer.
      while (await inTurn(upkeep.backfill)) await nextTurn();
      const flows = await removeAll(inTurn, () => flowsPast(catalog, retention));
      const drops = await removeAll(inTurn, () => dropsPast(catalog, retention));
      const bySize = await removeAll(inTurn, () => oversize(db, catalog, retention));
      await inTurn(() => {
        const gapsBefore = oldestKept(retention.dropsBefore);
        db.transaction(() => {
          ledger.pruneGaps(gapsBefore);
          watches.prune(gapsBefore);
          rollup.prune(oldestKept(retention.countsBefore));
        }).immediate();
      });
      if (flows + drops + bySize > 0) {
        while (await inTurn(giveBack)) await nextTurn();
        await inTurn(() => db.pragma('wal_checkpoint(TRUNCATE)'));
      }
      return flows + bySize;
    },
  };
}

const victims = (
  set: SetName,
  headers: readonly BlockHeader[],
  rule: string,
): Victims | undefined => (headers.length === 0 ? undefined : { set, headers, rule });

function flowsPast({ all }: Catalog, { flowsBefore }: Retention): Victims | undefined {
  const old = all.headers().filter(({ maxReceived }) => maxReceived < flowsBefore);
  const rule = `keep: received before ${formatTime(flowsBefore)}`;
  return victims('all', old.slice(0, BLOCKS_A_STEP), rule);
}

/** Drops whose flows are still kept among all stay, or a query for drops would miss what another shows. */
function dropsPast({ all, drops }: Catalog, { dropsBefore }: Retention): Victims | undefined {
  const kept = all.headers();
  const old = drops
    .headers()
    .filter(
      ({ maxReceived, firstSeq, lastSeq }) =>
        maxReceived < dropsBefore &&
        !kept.some((header) => header.firstSeq <= lastSeq && header.lastSeq >= firstSeq),
    );
  const rule = `keep-drops: received before ${formatTime(dropsBefore)}`;
  return victims('drops', old.slice(0, BLOCKS_A_STEP), rule);
}

/** While the store is too large: the oldest of all flows, and when none is left the oldest drops. */
function oversize(
  db: Connection,
  { all, drops }: Catalog,
  { maxBytes }: Retention,
): Victims | undefined {
  if (maxBytes === undefined || usedBytes(db) <= maxBytes) return undefined;
  const set = all.headers().length > 0 ? all : drops;
  const rule = `max-size: more than ${maxBytes} bytes`;
  return victims(set.name, set.headers().slice(0, BLOCKS_A_STEP_BY_SIZE), rule);
}

/** Bytes of the database that hold something. */
function usedBytes(db: Connection): number {
  const read = (name: string): number => Number(db.pragma(name, { simple: true }));
  return (read('page_count') - read('freelist_count')) * read('page_size');
}

/** Makes the function that deletes blocks in one transaction and answers with the number of their rows. */
function createRemover(
  db: Connection,
  catalog: Catalog,
  { writers, sealers, rollups }: Upkeep,
): (victims: Victims) => Promise<number> {
  const saveRemoved = {
    all: db.prepare(
      'UPDATE store SET flows_removed_to = max(flows_removed_to, ?), revision = revision + 1',
    ),
    drops: db.prepare(
      'UPDATE store SET drops_removed_to = max(drops_removed_to, ?), revision = revision + 1',
    ),
  };
  const deleteFilter = {
    all: db.prepare(`DELETE FROM ${TABLES.all.filters} WHERE first_seq = ?`),
    drops: db.prepare(`DELETE FROM ${TABLES.drops.filters} WHERE first_seq = ?`),
  };
  return async ({ set, headers, rule }) => {
    // The chain covers every flow, those of blocks that never became full too.
    await sealers[set].sealUpTo(headers.at(-1)?.firstSeq ?? 0);
    db.transaction(() => {
      for (const { firstSeq, lastSeq } of headers) {
        writers[set].deleteBlocks(firstSeq, firstSeq);
        writers[set].deleteRaw(firstSeq, lastSeq);
        deleteFilter[set].run(firstSeq);
      }
      if (set === 'all') catalog.rollups.deleteOf(headers);
      sealers[set].expire(headers, rule);
      saveRemoved[set].run(headers.map(believedEnd).reduce((a, b) => (a > b ? a : b)));
    }).immediate();
    const gone = new Set(headers);
    const list = catalog[set];
    list.replace(list.headers().filter((header) => !gone.has(header)));
    catalog.rollups.refresh();
    rollups.forget();
    return headers.reduce((sum, { rows }) => sum + rows, 0);
  };
}

/** A node whose clock is ahead tells of times that have not come: nothing was seen after its receipt. */
const believedEnd = ({ maxObserved, maxReceived }: BlockHeader): EpochNanos =>
  nanos(maxObserved < maxReceived ? maxObserved : maxReceived);
