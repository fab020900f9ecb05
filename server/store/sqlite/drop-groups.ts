import {
  createDropGrouper,
  dropTraits,
  growGroup,
  type DropGroup,
} from '../../core/drop-groups.ts';
import { AppError } from '../../core/errors.ts';
import type { StoredFlow } from '../../core/flow.ts';
import type { CountedDropGroup, DropGroups } from '../drop-counts.ts';
import type { DropQuery } from '../flow-store.ts';
import type { Catalog } from './catalog.ts';
import { createDropHistories } from './drop-history.ts';
import { visitDrops } from './drop-rows.ts';
import { createDropSeries } from './drop-series.ts';
import { findFlow } from './page.ts';
import { createSlices } from './turns.ts';

/** A scan of ports makes a group a port; this many take about 100 MB. */
const MAX_GROUPS = 200_000;

/** What is kept of a drop while counting. */
type Seen = Pick<StoredFlow, 'seq' | 'observedAt' | 'hits'>;
type Groups = Map<string, DropGroup<Seen>>;
/** Not the whole row, which would keep a flow for each group in memory. */
const seenOf = ({ seq, observedAt, hits }: Seen): Seen => ({ seq, observedAt, hits });

/** What is worked out only for groups that are told. */
type Extras = (key: string) => Pick<CountedDropGroup, 'series' | 'history'>;

/** Counts dropped flows by group. */
export function createDropCounter(catalog: Catalog): (query: DropQuery) => Promise<DropGroups> {
  const histories = createDropHistories(catalog);
  return async (query) => {
    const { within, top, buckets = 0, withHistory = false, signal } = query;
    const head = Math.min(catalog.head(), query.asOf ?? Infinity);
    const grouper = createDropGrouper();
    const series = createDropSeries(within, buckets);
    const groups: Groups = new Map();
    await visitDrops(
      catalog,
      { ...query, asOf: head },
      { signal },
      {
        visit(drop) {
          const place = grouper.place(dropTraits(drop, drop.reason));
          groups.set(place.key, growGroup(groups.get(place.key), place, seenOf(drop)));
          series.add(place.key, drop, place.count);
        },
        goesOn() {
          if (groups.size <= MAX_GROUPS) return true;
          throw new AppError('bad-query', `more than ${MAX_GROUPS} drop groups; narrow the query`);
        },
      },
    );
    if (withHistory) await histories.readOn(signal);
    const extras: Extras = (key) => ({
      series: series.of(key),
      history: withHistory ? histories.find(key) : undefined,
    });
    return { ...(await tell(catalog, groups, { top, extras })), head };
  };
}

/** The groups in order, with their flows; beyond `top` only how many there are. */
async function tell(
  catalog: Catalog,
  counted: Groups,
  { top, extras }: { readonly top: number; readonly extras: Extras },
): Promise<Pick<DropGroups, 'groups' | 'others'>> {
  const turns = createSlices();
  const groups: CountedDropGroup[] = [];
  const others = { groups: 0, count: 0 };
  for (const group of [...counted.values()].sort((a, b) => b.lastSeq - a.lastSeq)) {
    const latest = groups.length < top ? findFlow(catalog, group.latest.seq) : undefined;
    // One whose flow was pruned while this counted has no row, but its count stands.
    if (latest !== undefined) groups.push({ ...group, latest, ...extras(group.key) });
    else {
      others.groups += 1;
      others.count += group.count;
    }
    await turns.give();
  }
  return { groups, others };
}
