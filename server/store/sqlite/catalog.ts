import type { RawRecord } from '../../core/flow.ts';
import { nanos, type EpochNanos } from '../../core/time.ts';
import { createBlockCache } from './block-cache.ts';
import { openBlockSet, type BlockHeader, type BlockSet } from './block-set.ts';
import { openRollups, type Rollups } from './rollups.ts';
import type { SetName } from './set-tables.ts';
import type { Connection } from './database.ts';

/** Everything that is committed at one moment. */
export type CatalogView = {
  readonly all: readonly BlockHeader[];
  readonly drops: readonly BlockHeader[];
  readonly head: number;
  readonly dropsAfter: number;
};

/** The blocks that are committed, in both sets. */
export type Catalog = {
  readonly all: BlockSet;
  readonly drops: BlockSet;
  readonly rollups: Rollups;
  view(): CatalogView;
  /** Highest sequence number ever given. */
  head(): number;
  setHead(seq: number): void;
  /** The drops set has every denied flow behind this sequence number; 0 but after a migration. */
  dropsAfter(): number;
  setDropsAfter(seq: number): void;
  /** Observed time up to which retention removed flows of a set; `undefined` while it removed none. */
  removedTo(set: SetName): EpochNanos | undefined;
  /** The record of a flow, from either set. */
  raw(seq: number): RawRecord | undefined;
  /** The same for many flows: a chunk that holds several in a row is opened once. */
  rawReader(): (seq: number) => RawRecord | undefined;
};

export type CatalogOptions = {
  readonly db: Connection;
  readonly cacheBytes: number;
  /** True where another process commits: then the list is brought up to date whenever it is asked for. */
  readonly shared: boolean;
  /** Blocks with as many rows are never merged again. */
  readonly blockRows: number;
};

type StoreRow = { head: number; drops_after: number; revision: number };

export function loadCatalog({ db, cacheBytes, shared, blockRows }: CatalogOptions): Catalog {
  const selectStore = db.prepare<[], StoreRow>('SELECT head, drops_after, revision FROM store');
  const selectRemoved = db
    .prepare<[], Record<SetName, bigint>>(
      'SELECT flows_removed_to AS "all", drops_removed_to AS drops FROM store',
    )
    .safeIntegers();
  const read = (): StoreRow => selectStore.get() ?? { head: 0, drops_after: 0, revision: 0 };
  const cache = createBlockCache(cacheBytes);
  const revision = shared ? () => read().revision : undefined;
  const openSet = (name: SetName) => openBlockSet({ db, name, cache, revision, blockRows });
  const all = openSet('all');
  const drops = openSet('drops');
  const rollups = openRollups({ db, cache, revision });
  let { head, drops_after: dropsAfter } = read();

  const refresh = (): void => {
    if (shared) ({ head, drops_after: dropsAfter } = read());
  };
  const look = (): CatalogView => {
    refresh();
    return { all: all.headers(), drops: drops.headers(), head, dropsAfter };
  };

  return {
    all,
    drops,
    rollups,
    // One transaction, so that no commit or removal falls between the lists.
    view: () => (shared ? db.transaction(look)() : look()),
    head() {
      refresh();
      return head;
    },
    setHead: (seq) => void (head = seq),
    dropsAfter() {
      refresh();
      return dropsAfter;
    },
    setDropsAfter: (seq) => void (dropsAfter = seq),
    removedTo(set) {
      const time = selectRemoved.get()?.[set] ?? 0n;
      return time === 0n ? undefined : nanos(time);
    },
    raw: (seq) => all.rawReader()(seq) ?? drops.rawReader()(seq),
    rawReader() {
      const [ofAll, ofDrops] = [all.rawReader(), drops.rawReader()];
      return (seq) => ofAll(seq) ?? ofDrops(seq);
    },
  };
}
