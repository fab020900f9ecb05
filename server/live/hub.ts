import { createDropGrouper, representative, type Drop } from '../core/drop-groups.ts';
import type { Gap, StoredFlow } from '../core/flow.ts';
import type { VerdictKind } from '../core/verdict.ts';
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

type Subscriber = {
  /** `group` is the drop group of a dropped flow. */
  accept(flow: StoredFlow, group: string | undefined): void;
  note(gaps: readonly Gap[]): void;
};

/** Fans committed flows out to subscribers, each with its own filter and its own bounded memory. */
export function createLiveHub(options: { readonly nowMs: () => number }): LiveHub {
  const subscribers = new Set<Subscriber>();
  const grouper = createDropGrouper();
  return {
    publish(flows, gaps) {
      for (const flow of flows) {
        const drop = dropOf(flow);
        const group = drop === undefined ? undefined : grouper.keyOf(drop);
        for (const subscriber of subscribers) subscriber.accept(flow, group);
      }
      if (gaps.length > 0) for (const subscriber of subscribers) subscriber.note(gaps);
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

  const addToGroup = (flow: StoredFlow, fingerprint: string): void => {
    const full = !groups.has(fingerprint) && groups.size >= MAX_GROUPS;
    const key = full ? OTHER_GROUP : fingerprint;
    const before = groups.get(key);
    groups.set(key, {
      key,
      count: (before?.count ?? 0) + 1,
      firstSeq: before?.firstSeq ?? flow.seq,
      latest: representative(before?.latest, flow),
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
      accept(flow, group) {
        if (!matches(flow)) return;
        counts[flow.verdict.kind] += 1;
        byOrigin[flow.origin] = (byOrigin[flow.origin] ?? 0) + 1;
        if (group !== undefined) addToGroup(flow, group);
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

function dropOf(flow: StoredFlow): Drop | undefined {
  if (flow.verdict.kind !== 'dropped') return undefined;
  const { node, event, protocol, direction, hits, observedAt } = flow;
  return {
    ...{ node, event, protocol, direction, hits, observedAt },
    reason: flow.verdict.reason,
    source: { ...flow.source, ip: flow.sourceIp, port: flow.sourcePort, names: flow.sourceNames },
    destination: {
      ...flow.destination,
      ip: flow.destinationIp,
      port: flow.destinationPort,
      names: flow.destinationNames,
    },
  };
}
