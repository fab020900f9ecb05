import { createBackfill } from './backfill.ts';
import { createBlockWriter, type BlockWriter } from './block-writer.ts';
import type { EpochNanos } from '../../core/time.ts';
import type { SetName } from './set-tables.ts';
import type { Catalog } from './catalog.ts';
import type { Connection } from './database.ts';
import { createRollupBuilder, type RollupBuilder } from './rollup-builder.ts';
import type { RollupLimits } from './rollup-plan.ts';
import { createMerger, type MergeLimits } from './merge.ts';
import { createRecentBlocks, type RecentBlocks } from './recent-blocks.ts';
import { createSealer, type Sealer } from './sealer.ts';

/** Old blocks that are sealed before a commit, each in some 30 ms: a new store never has more than one. */
const SEALS_A_STEP = 2;

/** What keeps the blocks in order between commits. Its calls and those of commits must not overlap. */
export type Upkeep = {
  readonly writers: Readonly<Record<SetName, BlockWriter>>;
  readonly sealers: Readonly<Record<SetName, Sealer>>;
  /** What was committed and will be merged. */
  readonly recent: Readonly<Record<SetName, RecentBlocks>>;
  readonly rollups: RollupBuilder;
  /** Merges small blocks, seals full ones, and takes a step of counting them, and of what a migration left to do. */
  run(): Promise<void>;
  /** Copies a step of the denied flows of before a migration; answers whether there is more. */
  backfill(): Promise<boolean>;
};

export function createUpkeep({
  db,
  catalog,
  limits,
  rollupLimits,
  clock,
}: {
  readonly db: Connection;
  readonly catalog: Catalog;
  readonly limits: MergeLimits;
  readonly rollupLimits: RollupLimits;
  readonly clock: () => EpochNanos;
}): Upkeep {
  const { blockRows } = limits;
  const writers = { all: createBlockWriter(db, 'all'), drops: createBlockWriter(db, 'drops') };
  const sealerOf = (name: SetName) => createSealer({ db, set: catalog[name], blockRows, clock });
  const sealers = { all: sealerOf('all'), drops: sealerOf('drops') };
  // A tail that is not merged yet has fewer rows than two full blocks.
  const recentOf = () => createRecentBlocks(2 * blockRows);
  const recent = { all: recentOf(), drops: recentOf() };
  const mergerOf = (name: SetName) =>
    createMerger({ db, set: catalog[name], writer: writers[name], recent: recent[name], limits });
  const mergers = { all: mergerOf('all'), drops: mergerOf('drops') };
  const backfill = createBackfill(db, catalog, writers.drops);
  const rollups = createRollupBuilder(catalog, rollupLimits);
  const keep = async (name: SetName): Promise<void> => {
    await mergers[name].merge(sealers[name].sealedTo());
    await sealers[name].sealFull(SEALS_A_STEP);
  };
  return {
    writers,
    sealers,
    recent,
    rollups,
    backfill,
    async run() {
      await keep('all');
      rollups.run(sealers.all.sealedTo());
      // The chain of the drops begins when the oldest ones are there.
      if (!(await backfill())) await keep('drops');
    },
  };
}
