import Database from 'better-sqlite3';
import { numbersIn, timesIn, type Block } from '../../columns/block.ts';
import { evaluate } from '../../columns/evaluate.ts';
import { compileQuery, type Condition } from '../../query/compile.ts';
import type { SummaryQuery } from '../flow-store.ts';
import type { bucketSeeker } from './buckets.ts';
import type { Catalog } from './catalog.ts';
import { createEnds } from './count-block.ts';
import { askedBy, asFlows, columnsOfCube, cubesWith } from './cubes.ts';
import { impliesDenied } from './denied.ts';
import type { GroupCodes } from './group-codes.ts';
import type { GroupRows } from './group-rows.ts';
import type { Grouping } from './grouping.ts';
import type { Span } from './pieces.ts';
import { widest } from './rollup-plan.ts';
import type { Rollup } from './rollups.ts';

/** Rows of a cube that match, and the bucket in which all its flows lie. */
export type CountedCube = {
  readonly block: Block;
  readonly rows: Uint8Array | undefined;
  readonly bucket: number;
  readonly span: Span;
};

/**
 * The cubes that answer a part of a query exactly: those of roll-ups of which every flow lies in the query's time, and
 * in one bucket. Where denied flows alone are asked for, they are read themselves: there are few.
 */
export function* cubesFor(
  catalog: Catalog,
  query: SummaryQuery & { readonly asOf: number },
  groupings: readonly Grouping[],
  seek: ReturnType<typeof bucketSeeker>,
): Generator<CountedCube, void, undefined> {
  const condition = compileQuery(query.where);
  if (impliesDenied(condition)) return;
  const cubes = cubesWith([...askedBy(condition), ...groupings]);
  const cubeOf = (rollup: Rollup) => cubes.find((cube) => rollup.cubes.includes(cube));
  const passes = (rollup: Rollup): boolean =>
    isWithin(rollup, query) &&
    (query.buckets === 1 ||
      (!rollup.aggregated && seek(rollup.minObserved) === seek(rollup.maxObserved))) &&
    cubeOf(rollup) !== undefined;
  if (cubes.length === 0) return;
  for (const rollup of widest(catalog.rollups.list(), passes)) {
    const counted = readCube(catalog, rollup, cubeOf(rollup) ?? 0, condition);
    if (counted === undefined) continue;
    const span = { low: rollup.firstSeq, high: rollup.lastSeq };
    yield { ...counted, span, bucket: seek(rollup.minObserved) };
  }
}

const isWithin = (
  { lastSeq, minObserved, maxObserved }: Rollup,
  { asOf, within }: SummaryQuery & { readonly asOf: number },
): boolean => lastSeq <= asOf && minObserved >= within.from && maxObserved < within.to;

/** `undefined` where it is gone or damaged: then the blocks are read. */
function readCube(
  catalog: Catalog,
  rollup: Rollup,
  cube: number,
  condition: Condition,
): Pick<CountedCube, 'block' | 'rows'> | undefined {
  try {
    const opened = catalog.rollups.open(rollup, cube);
    if (opened === undefined) return undefined;
    // Before anything is counted from it.
    for (const name of [...columnsOfCube(cube), ...SUMS]) opened.column(name);
    const block = asFlows(cube, opened);
    const matching = evaluate(condition, block, undefined);
    const rows = matching === 'none' ? new Uint8Array(block.rows) : matching;
    return { block, rows: rows === 'all' ? undefined : rows };
  } catch (error) {
    if (error instanceof Database.SqliteError) throw error;
    return undefined;
  }
}

const SUMS = ['records', 'events', 'firstAt', 'lastAt'] as const;

/** Adds what the rows of a cube say to the groups that their codes stand for. */
export function countCube(
  { block, rows, bucket }: CountedCube,
  { codes, distinct, placeOf }: GroupCodes,
  into: GroupRows,
): void {
  const recordsOf = numbersIn(block, 'records');
  const eventsOf = numbersIn(block, 'events');
  const first = timesIn(block, 'firstAt');
  const ends = createEnds({ first, last: timesIn(block, 'lastAt') }, distinct);
  const records = new Float64Array(distinct);
  const events = new Float64Array(distinct);
  for (let row = 0; row < block.rows; row++) {
    if (rows !== undefined && rows[row] !== 1) continue;
    const code = codes[row] ?? 0;
    records[code] = (records[code] ?? 0) + recordsOf(row);
    events[code] = (events[code] ?? 0) + eventsOf(row);
    ends.note(code, row);
  }
  for (let code = 0; code < distinct; code++) {
    if (records[code] === 0) continue;
    into.add(placeOf(code), records[code] ?? 0, events[code] ?? 0);
    into.addTo(placeOf(code), bucket, events[code] ?? 0);
  }
  ends.widen(into, placeOf);
}
