import type { Catalog } from './catalog.ts';
import { createJob, type Job } from './rollup-job.ts';
import { planRollup, type RollupLimits, type RollupPlan } from './rollup-plan.ts';

/** Makes the roll-ups that are missing, of new blocks and of those that an older version stored. */
export type RollupBuilder = {
  /** Takes some steps, over blocks that end at or before `sealedTo`. */
  run(sealedTo: number): void;
  /** Blocks were removed, and what was begun may count them. */
  forget(): void;
};

/** A step takes some 10 ms. A commit brings one block at most, which needs little more than two. */
const STEPS_A_RUN = 3;

export function createRollupBuilder(catalog: Catalog, limits: RollupLimits): RollupBuilder {
  const { all, rollups } = catalog;
  /** Sequence numbers of blocks, and numbers of roll-ups. */
  const unreadable = { blocks: new Set<number>(), rollups: new Set<number>() };
  let job: Job | undefined;
  /** Up to where nothing was missing when it was last looked for. */
  let completeTo = -1;

  const plan = (sealedTo: number): RollupPlan | undefined => {
    if (completeTo === sealedTo) return undefined;
    const sealed = all
      .headers()
      .filter(({ firstSeq, lastSeq }) => lastSeq <= sealedTo && !unreadable.blocks.has(firstSeq));
    const sound = rollups.list().filter(({ id }) => !unreadable.rollups.has(id));
    const found = planRollup(sealed, sound, limits);
    if (found === undefined) completeTo = sealedTo;
    return found;
  };
  /** Answers whether there is more to do. */
  const step = (sealedTo: number): boolean => {
    if (job === undefined) {
      const next = plan(sealedTo);
      if (next === undefined) return false;
      job = createJob(catalog, next, limits);
    }
    const end = job.step();
    if (end === undefined) return true;
    job = undefined;
    if (end.kind === 'made') rollups.insert(end.rollup);
    else unreadable[end.of].add(end.id);
    return true;
  };

  return {
    run(sealedTo) {
      for (let steps = 0; steps < STEPS_A_RUN; steps++) if (!step(sealedTo)) return;
    },
    forget() {
      job = undefined;
      completeTo = -1;
    },
  };
}
