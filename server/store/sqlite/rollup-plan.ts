import type { BlockHeader } from './block-set.ts';
import type { Rollup } from './rollups.ts';

export type RollupLimits = {
  /** Blocks of a roll-up of level 0. */
  readonly blocks: number;
  /** As many neighbors of one level are counted together in one of the next. */
  readonly fanIn: number;
  /** A cube is kept where a row of it stands for so many flows: more rows would hardly be faster than the flows. */
  readonly flowsARow: number;
};

/** What is counted next, from its parts. */
export type RollupPlan =
  | { readonly of: 'blocks'; readonly parts: readonly BlockHeader[] }
  | { readonly of: 'rollups'; readonly level: number; readonly parts: readonly Rollup[] };

type Range = { readonly firstSeq: number; readonly lastSeq: number };

/**
 * The next roll-up that is missing, the highest first: it is what most answers need. Parts that
 * cannot be read stand in none. What retention has begun to remove leaves fewer neighbors than a roll-up needs.
 */
export function planRollup(
  blocks: readonly BlockHeader[],
  rollups: readonly Rollup[],
  { blocks: blockCount, fanIn }: Pick<RollupLimits, 'blocks' | 'fanIn'>,
): RollupPlan | undefined {
  const levels: Rollup[][] = [];
  for (const rollup of rollups) (levels[rollup.level] ??= []).push(rollup);
  for (const [level, inLevel] of [...levels.entries()].reverse()) {
    const parts = firstRun(sorted(inLevel), sorted(levels[level + 1]), fanIn);
    if (parts !== undefined) return { of: 'rollups', level: level + 1, parts };
  }
  const parts = firstRun(blocks, sorted(levels[0]), blockCount);
  return parts === undefined ? undefined : { of: 'blocks', parts };
}

export const sorted = (rollups: readonly Rollup[] = []): readonly Rollup[] =>
  rollups.toSorted((a, b) => a.firstSeq - b.firstSeq);

/** The first `count` neighbors that lie in none of `covers`; both lists are in order. */
function firstRun<R extends Range>(
  ranges: readonly R[],
  covers: readonly Range[],
  count: number,
): readonly R[] | undefined {
  let run: R[] = [];
  let at = 0;
  for (const range of ranges) {
    while ((covers[at]?.lastSeq ?? Infinity) < range.firstSeq) at++;
    if ((covers[at]?.firstSeq ?? Infinity) <= range.lastSeq) {
      run = [];
      continue;
    }
    if (run.length > 0 && run.at(-1)?.lastSeq !== range.firstSeq - 1) run = [];
    run.push(range);
    if (run.length === count) return run;
  }
  return undefined;
}

/** Roll-ups of which each flow lies in one at most: where one passes, none of those that it was made of. */
export function widest(rollups: readonly Rollup[], passes: (rollup: Rollup) => boolean): Rollup[] {
  const byLevel = rollups.toSorted((a, b) => b.level - a.level || a.firstSeq - b.firstSeq);
  const chosen: Rollup[] = [];
  let higher: readonly Rollup[] = [];
  let level = -1;
  for (const rollup of byLevel) {
    if (rollup.level !== level) {
      higher = sorted(chosen);
      level = rollup.level;
    }
    if (!holds(higher, rollup) && passes(rollup)) chosen.push(rollup);
  }
  return chosen;
}

/** Whether one of some spans, which are in order, holds another; there may be thousands. */
function holds(spans: readonly Range[], { firstSeq, lastSeq }: Range): boolean {
  const span = endingBehind(spans, firstSeq);
  return span !== undefined && span.firstSeq <= lastSeq;
}

/** The first of some ranges in order that ends at a sequence number or behind it. */
export function endingBehind<R extends Range>(ranges: readonly R[], seq: number): R | undefined {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ranges[middle]?.lastSeq ?? 0) < seq) low = middle + 1;
    else high = middle;
  }
  return ranges[low];
}
