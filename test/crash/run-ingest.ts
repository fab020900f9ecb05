import { systemClock } from '../../server/lib/clock.ts';
import { createLogger } from '../../server/lib/log.ts';
import { createIngest } from '../../server/operations/ingest.ts';
import { createRandom, mixSeed } from '../../server/demo/random.ts';
import { openSqliteStore } from '../../server/store/sqlite/sqlite-store.ts';
import { SMALL } from './check-store.ts';
import { receivedAt, seededSource, type SeededSource } from './seeded-source.ts';
import { allBefore } from '../support/flow-stores.ts';

/** Everything that follows from a seed: two sources, and how often old flows are deleted. */
export type Plan = {
  readonly sources: readonly SeededSource[];
  /** Batches of the pruning limit, one after the other; none where nothing is pruned. */
  readonly pruneAt: readonly number[];
};

/** Batches that a source may tell again must not be pruned: they would be new. */
const KEPT_BATCHES = 8;

export type PlanOptions = {
  /** Whether old flows are deleted; the seed says so where this does not. */
  readonly prunes?: boolean | undefined;
};

export function planOf(seed: number, { prunes }: PlanOptions = {}): Plan {
  const random = createRandom(mixSeed(seed, 0xc4a5));
  const batchCount = 12 + random.below(8);
  const sources = ['one', 'two'].map((name) => seededSource({ name, seed, batchCount }));
  const limit = batchCount - KEPT_BATCHES;
  const pruneAt = (prunes ?? random.chance(0.6)) ? [limit >> 1, limit] : [];
  return { sources, pruneAt };
}

/** The real ingest into the real store, until the sources have ended or `killed` resolves. */
export async function runIngest(
  directory: string,
  { sources, pruneAt }: Plan,
  killed: Promise<undefined> = new Promise(() => undefined),
): Promise<void> {
  await using store = await openSqliteStore({ directory, ...SMALL });
  let published = 0;
  const pruning = new Set<Promise<number>>();
  const publish = (): void => {
    published += 1;
    const done = Math.min(...sources.map((source) => source.committed()));
    const limit = pruneAt.findLast((at) => at + KEPT_BATCHES <= done);
    if (limit === undefined || published % 3 !== 0) return;
    // A prune that the kill breaks off fails; what it left behind is what is looked at.
    pruning.add(store.prune(allBefore(receivedAt(limit))).catch(() => 0));
  };
  await using ingest = createIngest({
    store,
    publish,
    clock: systemClock(),
    log: createLogger('silent'),
  });
  for (const source of sources) ingest.add(() => source);
  await Promise.race([Promise.all(sources.map(({ ended }) => ended)), killed]);
  await Promise.race([Promise.all(pruning), killed]);
  const last = pruneAt.at(-1);
  if (last !== undefined) {
    await Promise.race([store.prune(allBefore(receivedAt(last))).catch(() => 0), killed]);
  }
}
