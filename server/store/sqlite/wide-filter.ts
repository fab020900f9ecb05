import type { BlockHeader } from './block-set.ts';
import type { FilterTest } from './filter.ts';
import { endingBehind, sorted } from './rollup-plan.ts';
import type { Rollup, Rollups } from './rollups.ts';

/**
 * Whether a block may hold a match, by the filters of the roll-ups that it stands in, the widest first: one of them
 * spares the filters of a thousand blocks. Each is read once, when it is first needed.
 */
export function wideTest(rollups: Rollups, mayHold: FilterTest): (header: BlockHeader) => boolean {
  const known = new Map<Rollup, boolean>();
  const test = (rollup: Rollup): boolean => {
    let found = known.get(rollup);
    if (found === undefined) {
      const filter = rollups.filter(rollup);
      known.set(rollup, (found = filter === undefined || mayHold(filter)));
    }
    return found;
  };
  const byLevel = Map.groupBy(rollups.list(), ({ level }) => level);
  const levels = [...byLevel].sort(([a], [b]) => b - a).map(([, inLevel]) => sorted(inLevel));
  return (header) =>
    levels.every((inLevel) => {
      const rollup = endingBehind(inLevel, header.firstSeq);
      return rollup === undefined || rollup.firstSeq > header.firstSeq || test(rollup);
    });
}
