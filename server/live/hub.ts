import {
  createDropGrouper,
  dropTraits,
  growGroup,
  type DropGroup,
  type DropTraits,
} from '../core/drop-groups.ts';
import type { Gap, StoredFlow } from '../core/flow.ts';
import type { VerdictKind } from '../core/verdict.ts';
import type { FlowPredicate, LiveHub, LiveSubscription } from './live-hub.ts';
import { createThinner } from './thinner.ts';

/** Fingerprints a subscriber may hold; drops beyond are counted under one group that says so. */
const MAX_GROUPS = 5_000;
export const OTHER_GROUP = 'other';
const MAX_GAPS = 1_000;

const noCounts = (): Record<VerdictKind, number> => ({
  allowed: 0,
  dropped: 0,
  audit: 0,
  error: 0,
  unknown: 0,
});

type Subscriber = {
  /** `drop` comes with a dropped flow. */
  accept(flow: StoredFlow, drop: DropTraits | undefined): void;
  note(gaps: readonly Gap[]): void;
};

/** Fans committed flows out to subscribers, each with its own filter and its own bounded memory. */
export function createLiveHub(options: { readonly nowMs: () => number }): LiveHub {
  const subscribers = new Set<Subscriber>();
  let head = 0;
  return {
    publish(flows, gaps) {
      for (const flow of flows) {
        const { verdict } = flow;
        const drop = verdict.kind === 'dropped' ? dropTraits(flow, verdict.reason) : undefined;
        for (const subscriber of subscribers) subscriber.accept(flow, drop);
      }
      head = Math.max(head, flows.at(-1)?.seq ?? 0);
      if (gaps.length > 0) for (const subscriber of subscribers) subscriber.note(gaps);
    },
    subscribe(matches, { capacity, allowedPerSecond }) {
      const { subscriber, subscription } = createSubscriber({
        matches,
        capacity,
        allowedPerSecond,
        nowMs: options.nowMs,
        head: () => head,
        close: () => subscribers.delete(subscriber),
      });
      subscribers.add(subscriber);
      return subscription;
    },
    get subscribers() {
      return subscribers.size;
    },
  };
}

type SubscriberOptions = {
  readonly matches: FlowPredicate;
  readonly capacity: number;
  readonly allowedPerSecond: number;
  readonly nowMs: () => number;
  readonly head: () => number;
  readonly close: () => void;
};

function createSubscriber({
  matches,
  capacity,
  allowedPerSecond,
  nowMs,
  head,
  close,
}: SubscriberOptions): {
  subscriber: Subscriber;
  subscription: LiveSubscription;
} {
  const thinner = createThinner({ perSecond: allowedPerSecond, nowMs });
  const grouper = createDropGrouper();
  const groups = new Map<string, DropGroup>();
  let changed = new Set<string>();
  let drops: StoredFlow[] = [];
  let others: StoredFlow[] = [];
  let counts = noCounts();
  let byOrigin: Record<string, number> = {};
  let gaps: Gap[] = [];
  let packetsDropped = 0;
  let dropRowsLost = 0;

  const addToGroup = (flow: StoredFlow, drop: DropTraits): void => {
    const place = grouper.place(drop);
    const full = !groups.has(place.key) && groups.size >= MAX_GROUPS;
    const key = full ? OTHER_GROUP : place.key;
    groups.set(key, growGroup(groups.get(key), { ...place, key }, flow));
    changed.add(key);
    packetsDropped += place.count;
  };

  const keep = (flow: StoredFlow): void => {
    if (flow.verdict.kind === 'dropped' || flow.verdict.kind === 'audit') {
      drops.push(flow);
      if (drops.length > capacity) {
        drops.shift();
        dropRowsLost += 1;
      }
    } else if (others.length < capacity && thinner.admits(flow)) {
      others.push(flow);
    }
  };

  return {
    subscriber: {
      accept(flow, drop) {
        if (!matches(flow)) return;
        counts[flow.verdict.kind] += 1;
        byOrigin[flow.origin] = (byOrigin[flow.origin] ?? 0) + 1;
        if (drop !== undefined) addToGroup(flow, drop);
        keep(flow);
      },
      note(more) {
        gaps = [...gaps, ...more].slice(-MAX_GAPS);
      },
    },
    subscription: {
      take({ rows }) {
        const flows = [...(rows === 'none' ? [] : drops), ...(rows === 'all' ? others : [])].sort(
          (a, b) => a.seq - b.seq,
        );
        const delivery = {
          flows,
          groups: [...changed].flatMap((key) => groups.get(key) ?? []),
          head: head(),
          drops: packetsDropped,
          counts,
          byOrigin,
          gaps,
          dropRowsLost: dropRowsLost + (rows === 'none' ? drops.length : 0),
        };
        drops = [];
        others = [];
        changed = new Set();
        counts = noCounts();
        byOrigin = {};
        gaps = [];
        packetsDropped = 0;
        dropRowsLost = 0;
        return delivery;
      },
      [Symbol.dispose]: close,
    },
  };
}
