import type { Summary, SummaryQuery } from '../flow-store.ts';
import { bucketSeeker, bucketSpreader } from './buckets.ts';
import type { Catalog } from './catalog.ts';
import { countBlock } from './count-block.ts';
import { countCube, cubesFor } from './count-cube.ts';
import { createGrouper } from './group-codes.ts';
import { createGroupRows, keySetOf, type GroupRows } from './group-rows.ts';
import { groupingsOf, type Grouping } from './grouping.ts';
import type { Span } from './pieces.ts';
import { createSlices } from './turns.ts';
import { walk } from './walk.ts';

/** So many groups keep a series each while counting; where there are more, series are counted in a second pass. */
const MAX_SERIES_GROUPS = 4_096;

/** So many groups take about 100 MB. */
const MAX_GROUPS = 200_000;

/** Counts matching flows by fields and by time. */
export async function summarize(catalog: Catalog, query: SummaryQuery): Promise<Summary> {
  const head = Math.min(catalog.head(), query.asOf ?? Infinity);
  const frozen = { ...query, asOf: head };
  const groupings = groupingsOf(query.by);
  if (query.buckets > 1) {
    const limit = MAX_SERIES_GROUPS;
    const counted = createGroupRows({ buckets: query.buckets, limit });
    const all = await count(catalog, frozen, { groupings, into: counted, stopWhenFull: true });
    if (all) return { ...counted.told(query.top), head };
  }
  const totals = createGroupRows({ buckets: 1, limit: MAX_GROUPS });
  await count(catalog, { ...frozen, buckets: 1 }, { groupings, into: totals });
  const told = totals.told(query.top);
  if (query.buckets === 1) return { ...told, head };
  const only = keySetOf(told.rows);
  const counted = createGroupRows({ buckets: query.buckets, limit: MAX_GROUPS, only });
  await count(catalog, frozen, { groupings, into: counted });
  return { ...told, rows: counted.told(query.top).rows, head };
}

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
  const buckets = {
    count: query.buckets,
    seek: bucketSeeker(within, query.buckets),
    spread: bucketSpreader(within, query.buckets),
  };
  const codesOf = createGrouper(groupings, into);
  const turns = createSlices();
  const except: Span[] = [];
  for (const cube of cubesFor(catalog, query, groupings, buckets.seek)) {
    const { block, rows, span } = cube;
    const codes = codesOf({ opened: { block }, from: 0, to: block.rows, rows });
    countCube(cube, codes, into);
    except.push(span);
    if (stopWhenFull && into.isFull) return false;
    if (await turns.give()) signal?.throwIfAborted();
  }
  for await (const matches of walk(catalog, query, { order: 'newest', signal, except })) {
    countBlock(matches, codesOf(matches), buckets, into);
    if (stopWhenFull && into.isFull) return false;
  }
  return true;
}
