import type { Summary, SummaryQuery } from '../flow-store.ts';
import { bucketSeeker, bucketSpreader } from './buckets.ts';
import type { Catalog } from './catalog.ts';
import { countBlock } from './count-block.ts';
import { countCube, cubesFor } from './count-cube.ts';
import { createKeyer, groupCodes, type GroupCodes, type Keyer } from './group-codes.ts';
import {
  createGroupRows,
  foldRows,
  keySetOf,
  untoldOf,
  type GroupRows,
  type Row,
} from './group-rows.ts';
import { groupingsOf, type Grouping } from './grouping.ts';
import type { Span } from './pieces.ts';
import { createSlices } from './turns.ts';
import { walk } from './walk.ts';

/** So many groups keep a series each while counting; where there are more, series are counted in a second pass. */
const MAX_SERIES_GROUPS = 4_096;

/** So many groups take about 100 MB. */
const MAX_GROUPS = 200_000;

/** Numbers of keys are below it, so that two of them make one whole number. */
const MAX_KEYS = 2 ** 26;

/** Counts matching flows by fields and by time. */
export async function summarize(catalog: Catalog, query: SummaryQuery): Promise<Summary> {
  const head = Math.min(catalog.head(), query.asOf ?? Infinity);
  const frozen = { ...query, asOf: head };
  const groupings = groupingsOf(query.by);
  if (query.buckets > 1) {
    const limit = MAX_SERIES_GROUPS;
    const counted = createGroupRows({ buckets: query.buckets, limit });
    const all = await count(catalog, frozen, { groupings, into: counted, stopWhenFull: true });
    if (all) return { ...told(counted), rows: foldRows(counted, query), head };
  }
  const totals = createGroupRows({ buckets: 1, limit: MAX_GROUPS });
  await count(catalog, { ...frozen, buckets: 1 }, { groupings, into: totals });
  const rows = foldRows(totals, { top: query.top, buckets: 1 });
  if (query.buckets === 1) return { ...told(totals), rows, head };
  const only = keySetOf(rows);
  const counted = createGroupRows({ buckets: query.buckets, limit: MAX_GROUPS, only });
  await count(catalog, frozen, { groupings, into: counted });
  return { ...told(totals), rows: foldRows(counted, query), head };
}

const told = (groups: GroupRows): Pick<Summary, 'groups' | 'untold'> => ({
  groups: groups.size,
  untold: untoldOf(groups),
});

type CountOptions = {
  readonly groupings: readonly Grouping[];
  readonly into: GroupRows;
  /** Ends when a group has no row of its own. */
  readonly stopWhenFull?: boolean;
};

/** True when all flows were counted. */
async function count(
  catalog: Catalog,
  query: SummaryQuery & { readonly asOf: number },
  { groupings, into, stopWhenFull = false }: CountOptions,
): Promise<boolean> {
  const { signal, within } = query;
  // Where nothing is told apart, nothing is an answer too.
  if (groupings.length === 0) into.rowOf([]);
  const buckets = {
    count: query.buckets,
    seek: bucketSeeker(within, query.buckets),
    spread: bucketSpreader(within, query.buckets),
  };
  const keyers = groupings.map(createKeyer);
  const rowsOfPair = rowFinder(keyers, into);
  const rowReader = (codes: GroupCodes): ((code: number) => readonly Row[]) => {
    const known: (readonly Row[] | undefined)[] = [];
    return (code) => (known[code] ??= rowsOfPair(codes.numbers(code)));
  };
  const turns = createSlices();
  const except: Span[] = [];
  for (const cube of cubesFor(catalog, query, groupings, buckets.seek)) {
    const { block, rows, span } = cube;
    const codes = groupCodes({ opened: { block }, from: 0, to: block.rows, rows }, keyers);
    countCube(cube, codes, rowReader(codes));
    except.push(span);
    if (stopWhenFull && into.rest !== undefined) return false;
    if (await turns.give()) signal?.throwIfAborted();
  }
  for await (const matches of walk(catalog, query, { order: 'newest', signal, except })) {
    const codes = groupCodes(matches, keyers);
    countBlock(matches, codes, buckets, rowReader(codes));
    if (stopWhenFull && into.rest !== undefined) return false;
  }
  return true;
}

type Pair = readonly [first: number, second: number];

/** The rows in which keys count: each of the first field with each of the second. */
function rowFinder(
  [first, second]: readonly Keyer[],
  into: GroupRows,
): (pair: Pair) => readonly Row[] {
  const known = new Map<number, readonly Row[]>();
  return ([one, other]) => {
    const pair = one * MAX_KEYS + other;
    let rows = known.get(pair);
    if (rows === undefined) {
      const firsts = first?.keys(one).map((key) => [key]) ?? [[]];
      const lists =
        second === undefined
          ? firsts
          : firsts.flatMap((keys) => second.keys(other).map((key) => [...keys, key]));
      rows = lists.map(into.rowOf);
      if (known.size === MAX_GROUPS) known.clear();
      known.set(pair, rows);
    }
    return rows;
  };
}
