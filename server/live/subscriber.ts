import {
  createDropGrouper,
  growGroup,
  type DropGroup,
  type DropTraits,
} from '../core/drop-groups.ts';
import type { Gap, StoredFlow } from '../core/flow.ts';
import type { VerdictKind } from '../core/verdict.ts';
import type { LiveDelivery, LiveSubscription } from './live-hub.ts';
import { noCounts, type LiveRows, type MatchedRows } from './live-rows.ts';
import { createThinner } from './thinner.ts';

/** Fingerprints a subscriber may hold; drops beyond are counted under one group that says so. */
const MAX_GROUPS = 5_000;
export const OTHER_GROUP = 'other';
const MAX_GAPS = 1_000;

/** One viewer's share of the stream, until it is taken. */
export type Subscriber = {
  accept(rows: LiveRows, matched: MatchedRows, isStored: boolean): void;
  note(gaps: readonly Gap[], untold: number): void;
  readonly take: LiveSubscription['take'];
};

type SubscriberOptions = {
  readonly capacity: number;
  readonly allowedPerSecond: number;
  readonly nowMs: () => number;
  /** Newest flow that was published. */
  readonly head: () => number;
  /** Counts on what is left out. */
  readonly losses: { rowsShed: number; dropRowsLost: number };
};

type Tally = {
  counts: Record<VerdictKind, number>;
  records: Record<VerdictKind, number>;
  byOrigin: Record<string, number>;
  gaps: Gap[];
  drops: number;
  dropRowsLost: number;
  unstored: number;
  untold: number;
};

const emptyTally = (): Tally => ({
  counts: noCounts(),
  records: noCounts(),
  byOrigin: {},
  gaps: [],
  drops: 0,
  dropRowsLost: 0,
  unstored: 0,
  untold: 0,
});

export function createSubscriber({
  capacity,
  allowedPerSecond,
  nowMs,
  head,
  losses,
}: SubscriberOptions): Subscriber {
  const thinner = createThinner({ perSecond: allowedPerSecond, nowMs });
  const grouper = createDropGrouper();
  const groups = new Map<string, DropGroup>();
  let changed = new Set<string>();
  let denied: StoredFlow[] = [];
  let others: StoredFlow[] = [];
  let tally = emptyTally();

  const loseDropRows = (rows: number): void => {
    tally.dropRowsLost += rows;
    losses.dropRowsLost += rows;
  };

  const addToGroup = (flow: StoredFlow, drop: DropTraits): void => {
    const place = grouper.place(drop);
    const full = !groups.has(place.key) && groups.size >= MAX_GROUPS;
    const key = full ? OTHER_GROUP : place.key;
    groups.set(key, growGroup(groups.get(key), { ...place, key }, flow));
    changed.add(key);
    tally.drops += place.count;
  };

  return {
    accept(rows, matched, isStored) {
      if (!isStored) tally.unstored += matched.denied.length + matched.others.length;
      addCounts(tally.counts, matched.counts);
      addCounts(tally.records, matched.records);
      addCounts(tally.byOrigin, matched.byOrigin);
      for (const row of matched.denied) {
        const flow = rows.flow(row);
        if (flow.verdict.kind === 'dropped') addToGroup(flow, rows.drop(row));
        denied.push(flow);
      }
      if (denied.length > capacity) {
        loseDropRows(denied.length - capacity);
        denied = denied.slice(-capacity);
      }
      for (const row of matched.others) {
        const admitted = thinner.admits(() => rows.conversation(row));
        if (admitted && others.length < capacity) others.push(rows.flow(row));
        else losses.rowsShed += 1;
      }
    },
    note(gaps, untold) {
      tally.gaps = [...tally.gaps, ...gaps].slice(-MAX_GAPS);
      tally.untold += untold;
    },
    take({ rows }): LiveDelivery {
      const flows = [...(rows === 'none' ? [] : denied), ...(rows === 'all' ? others : [])].sort(
        (a, b) => a.seq - b.seq,
      );
      if (rows === 'none') loseDropRows(denied.length);
      if (rows !== 'all') losses.rowsShed += others.length;
      const taken = tally;
      const grown = [...changed].flatMap((key) => groups.get(key) ?? []);
      denied = [];
      others = [];
      changed = new Set();
      tally = emptyTally();
      return { flows, groups: grown, head: head(), ...taken };
    },
  };
}

function addCounts(into: Record<string, number>, more: Readonly<Record<string, number>>): void {
  for (const [key, count] of Object.entries(more)) into[key] = (into[key] ?? 0) + count;
}
