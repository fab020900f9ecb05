import type { Summary, SummaryQuery } from '../flow-store.ts';
import { bucketSeeker, bucketSpreader } from './buckets.ts';
import type { Catalog } from './catalog.ts';
import { countBlock } from './count-block.ts';
import { groupCodes } from './group-codes.ts';
import {
  createGroupRows,
  foldRows,
  keySetOf,
  untoldOf,
  type GroupRows,
  type Row,
} from './group-rows.ts';
import { groupingsOf, type Grouping } from './grouping.ts';
import { walk } from './walk.ts';

/** So many groups keep a series each while counting; where there are more, series are counted in a second pass. */
const MAX_SERIES_GROUPS = 4_096;

/** So many groups take about 100 MB. */
const MAX_GROUPS = 200_000;

/** Of so many values of a field is known at once under which keys they count. */
const MAX_KNOWN_VALUES = 65_536;

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
  query: SummaryQuery,
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
  const readers = groupings.map(keyReader);
  for await (const matches of walk(catalog, query, { order: 'newest', signal })) {
    const codes = groupCodes(matches, groupings);
    const known: (readonly Row[] | undefined)[] = [];
    const rowsOf = (code: number): readonly Row[] =>
      (known[code] ??= combine(codes.values(code), readers).map(into.rowOf));
    countBlock(matches, codes, buckets, rowsOf);
    if (stopWhenFull && into.rest !== undefined) return false;
  }
  return true;
}

type KeyReader = (value: unknown) => readonly string[];

/** Under which keys a value counts, remembered since blocks share their values. */
function keyReader({ keys }: Grouping): KeyReader {
  const known = new Map<unknown, readonly string[]>();
  return (value) => {
    let found = known.get(value);
    if (found === undefined) {
      found = keys(value as never);
      if (known.size === MAX_KNOWN_VALUES) known.clear();
      known.set(value, found);
    }
    return found;
  };
}

/** Each key of the first value with each of the second. Nearly all have one; blocks have many pairs. */
function combine(
  values: readonly unknown[],
  [readFirst, readSecond]: readonly KeyReader[],
): readonly (readonly string[])[] {
  if (readFirst === undefined) return [[]];
  const firsts = readFirst(values[0]);
  if (readSecond === undefined) return firsts.map((first) => [first]);
  const seconds = readSecond(values[1]);
  const [first, second] = [firsts[0], seconds[0]];
  if (firsts.length === 1 && seconds.length === 1 && first !== undefined && second !== undefined)
    return [[first, second]];
  return firsts.flatMap((one) => seconds.map((other) => [one, other]));
}
