import type { BlockHeader } from './block-set.ts';
import type { Catalog } from './catalog.ts';
import { CUBES } from './cubes.ts';
import type { RollupPlan } from './rollup-plan.ts';
import type { Rollup } from './rollups.ts';

/** A block by its first sequence number, or a roll-up by its number. */
export type Part = { readonly of: RollupPlan['of']; readonly id: number };

/** What some cubes are counted from. */
export type Source = Part & {
  readonly cubes: readonly number[];
  /** `undefined` where it was removed. */
  readonly columns: () => Buffer | undefined;
};

type Sources = {
  /** The cubes that can be counted. */
  readonly cubes: readonly number[];
  readonly sources: Source[];
};

const EVERY = [...CUBES.keys()];

/**
 * Of what a roll-up is counted: of the cubes of its parts, and those that were too large for so few flows of their
 * blocks. What was too large for more flows than that is not tried again.
 */
export function sourcesOf(catalog: Catalog, plan: RollupPlan): Sources {
  if (plan.of === 'blocks') {
    const sources = plan.parts.map((header) => blockSource(catalog, header, EVERY));
    return { cubes: EVERY, sources };
  }
  const { parts, level } = plan;
  const cubes = EVERY.filter(
    (cube) => level === 1 || parts.every((part) => part.cubes.includes(cube)),
  );
  return { cubes, sources: parts.flatMap((part) => partSources(catalog, part, cubes)) };
}

function partSources(catalog: Catalog, part: Rollup, cubes: readonly number[]): readonly Source[] {
  const missing = cubes.filter((cube) => !part.cubes.includes(cube));
  const kept = cubes.flatMap((cube): Source[] => {
    if (!part.cubes.includes(cube)) return [];
    const columns = () => catalog.rollups.columns(part, cube);
    return [{ of: 'rollups', id: part.id, cubes: [cube], columns }];
  });
  if (missing.length === 0) return kept;
  const blocks = catalog.all
    .headers()
    .filter(({ firstSeq, lastSeq }) => firstSeq >= part.firstSeq && lastSeq <= part.lastSeq);
  return [...kept, ...blocks.map((header) => blockSource(catalog, header, missing))];
}

const blockSource = ({ all }: Catalog, header: BlockHeader, cubes: readonly number[]): Source => ({
  ...{ of: 'blocks', id: header.firstSeq, cubes },
  columns: () => all.columns(header),
});
