import type { Gap, StoredFlow } from '../core/flow.ts';
import type { VerdictKind } from '../core/verdict.ts';
import { dropFingerprint } from './drop-fingerprint.ts';
import type { DropGroup, FlowPredicate, LiveHub, LiveSubscription } from './live-hub.ts';
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

type Subscriber = { accept(flow: StoredFlow): void; note(gaps: readonly Gap[]): void };

/** Fans committed flows out to subscribers, each with its own filter and its own bounded memory. */
export function createLiveHub(options: { readonly nowMs: () => number }): LiveHub {
  const subscribers = new Set<Subscriber>();
  return {
    publish(flows, gaps) {
      for (const subscriber of subscribers) {
        for (const flow of flows) subscriber.accept(flow);
        if (gaps.length > 0) subscriber.note(gaps);
      }
    },
    subscribe(matches, { capacity, allowedPerSecond }) {
      const { subscriber, subscription } = createSubscriber({
        matches,
        capacity,
        allowedPerSecond,
        nowMs: options.nowMs,
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
  readonly close: () => void;
};

function createSubscriber({
  matches,
  capacity,
  allowedPerSecond,
  nowMs,
  close,
}: SubscriberOptions): {
  subscriber: Subscriber;
  subscription: LiveSubscription;
} {
  const thinner = createThinner({ perSecond: allowedPerSecond, nowMs });
  const groups = new Map<string, DropGroup>();
  let changed = new Set<string>();
  let drops: StoredFlow[] = [];
  let others: StoredFlow[] = [];
  let counts = noCounts();
  let byOrigin: Record<string, number> = {};
  let gaps: Gap[] = [];
  let dropRowsLost = 0;

  const group = (flow: StoredFlow): void => {
    let key = dropFingerprint(flow);
    if (!groups.has(key) && groups.size >= MAX_GROUPS) key = OTHER_GROUP;
    const before = groups.get(key);
    groups.set(key, {
      key,
      count: (before?.count ?? 0) + 1,
      firstSeq: before?.firstSeq ?? flow.seq,
      latest: flow,
    });
    changed.add(key);
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
      accept(flow) {
        if (!matches(flow)) return;
        counts[flow.verdict.kind] += 1;
        byOrigin[flow.origin] = (byOrigin[flow.origin] ?? 0) + 1;
        if (flow.verdict.kind === 'dropped') group(flow);
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
        dropRowsLost = 0;
        return delivery;
      },
      [Symbol.dispose]: close,
    },
  };
}
