import Database from 'better-sqlite3';
import { parseValue } from '../../columns/block.ts';
import { compressBlock } from '../../columns/block-format.ts';
import { createCubeBuilder } from '../../columns/cube.ts';
import { createCubeReader, type CubeReader } from '../../columns/cube-rows.ts';
import { writeBlock } from '../../columns/encoded-block.ts';
import type { Catalog } from './catalog.ts';
import { columnsOfCube } from './cubes.ts';
import { FILTER_COLUMNS, wideFilterOf, type BlockFilter } from './filter.ts';
import type { RollupLimits, RollupPlan } from './rollup-plan.ts';
import { sourcesOf, type Part, type Source } from './rollup-sources.ts';
import type { NewRollup } from './rollups.ts';

export type JobEnd =
  { readonly kind: 'made'; readonly rollup: NewRollup } | ({ readonly kind: 'unreadable' } & Part);

/** The making of one roll-up in steps, each of which reads or writes a block or a cube. */
export type Job = {
  /** Answers when it was the last. */
  step(): JobEnd | undefined;
};

/** Rows of a cube take some 100 bytes each while they are counted. */
const MAX_ROWS = 262_144;
/** Characters of a column's values, all of which are in memory while a roll-up is made. */
const MAX_TEXT = 16 * 1024 * 1024;

export function createJob(
  catalog: Catalog,
  plan: RollupPlan,
  { flowsARow }: Pick<RollupLimits, 'flowsARow'>,
): Job {
  const reader = createCubeReader();
  const { cubes, sources } = sourcesOf(catalog, plan);
  const builders = new Map(
    cubes.map((cube) => [cube, createCubeBuilder(columnsOfCube(cube), reader.jsons)]),
  );
  const made = new Map<number, Buffer>();
  const flows = plan.parts.reduce((sum, { firstSeq, lastSeq }) => sum + lastSeq - firstSeq + 1, 0);
  const maxRows = Math.min(MAX_ROWS, flows / flowsARow);
  let aggregated = plan.of === 'rollups' && plan.parts.some((part) => part.aggregated);

  const count = (source: Source): JobEnd | undefined => {
    const wanted = source.cubes.filter((cube) => builders.has(cube));
    if (wanted.length === 0) return undefined;
    const names = new Set(wanted.flatMap((cube) => columnsOfCube(cube)));
    const rows = readable(() => {
      const columns = source.columns();
      return columns && reader.read(columns, [...names]);
    });
    if (rows === undefined) return { kind: 'unreadable', of: source.of, id: source.id };
    aggregated ||= rows.aggregated;
    for (const name of names) {
      if (rows.columns.has(name) && reader.size(name) <= MAX_TEXT) continue;
      for (const cube of wanted) if (columnsOfCube(cube).includes(name)) builders.delete(cube);
    }
    for (const cube of wanted) {
      const builder = builders.get(cube);
      builder?.add(rows);
      if (builder !== undefined && builder.rows > maxRows) builders.delete(cube);
    }
    return undefined;
  };
  const encode = (cube: number): void => {
    const builder = builders.get(cube);
    builders.delete(cube);
    if (builder !== undefined) made.set(cube, compressBlock(writeBlock(builder.encode())));
  };

  return {
    step() {
      const source = sources.shift();
      if (source !== undefined) return count(source);
      const [cube] = builders.keys();
      if (cube === undefined) {
        const filter = filterFrom(reader, made);
        return { kind: 'made', rollup: { ...headerOf(plan), aggregated, cubes: made, filter } };
      }
      encode(cube);
      return undefined;
    },
  };
}

/** `undefined` where bytes are damaged, which must not stop the commits that wait for this. */
function readable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Database.SqliteError) throw error;
    return undefined;
  }
}

/** Only of columns that were read to the end. */
function filterFrom(
  { jsons }: CubeReader,
  made: ReadonlyMap<number, Buffer>,
): BlockFilter | undefined {
  const isWhole = FILTER_COLUMNS.every((name) =>
    [...made.keys()].some((cube) => columnsOfCube(cube).includes(name)),
  );
  if (!isWhole) return undefined;
  return wideFilterOf((name) => jsons(name).map((json) => parseValue(name, json)));
}

function headerOf({
  of,
  parts,
  ...plan
}: RollupPlan): Omit<NewRollup, 'aggregated' | 'cubes' | 'filter'> {
  const [first, last] = [parts[0], parts.at(-1)];
  if (first === undefined || last === undefined) throw new Error('a roll-up has no parts');
  return {
    level: of === 'rollups' && 'level' in plan ? plan.level : 0,
    firstSeq: first.firstSeq,
    lastSeq: last.lastSeq,
    minObserved: parts.map(({ minObserved }) => minObserved).reduce((a, b) => (a < b ? a : b)),
    maxObserved: parts.map(({ maxObserved }) => maxObserved).reduce((a, b) => (a > b ? a : b)),
  };
}
