import { formatTime, nanos } from '../core/time.ts';
import type { VerdictKind } from '../core/verdict.ts';
import { gapToJson } from '../formats/flow-json.ts';
import type { LiveDelivery, LiveSubscription } from '../live/live-hub.ts';
import { readQuery } from '../operations/read-request.ts';
import { compileQuery } from '../query/compile.ts';
import type { LiveFrame, LiveRequest } from './live-contract.ts';
import { encodeFlows, encodeFrame, encodeGroups } from './live-frames.ts';
import type { Services } from './services.ts';

/** Between two deliveries of a busy stream. One that was quiet delivers as soon as there is something. */
const DELIVERY_MS = 100;
const LOOK_MS = 20;
const TICK_MS = 1_000;
const DEFAULT_ROWS = 200;
const MAX_UNACKNOWLEDGED = 8;
/** Rows that a subscription holds between two deliveries. */
const CAPACITY = 512;

type SessionOptions = {
  readonly services: Services;
  readonly send: (text: string) => void;
  /** True while the peer does not read what was sent. Nothing more is sent then; the subscription merges. */
  readonly isSlow: () => boolean;
};

export type LiveSession = Disposable & {
  /** Greets and makes the first subscription. Throws an AppError `bad-query`; the session stays usable. */
  start(q: string): void;
  receive(request: LiveRequest): void;
};

type Tally = {
  counts: Record<VerdictKind, number>;
  records: Record<VerdictKind, number>;
  byOrigin: Record<string, number>;
  shown: number;
  drops: number;
  dropRowsLost: number;
  unstored: number;
  untold: number;
};

const NO_COUNTS = { allowed: 0, dropped: 0, audit: 0, error: 0, unknown: 0 };

const emptyTally = (): Tally => ({
  counts: { ...NO_COUNTS },
  records: { ...NO_COUNTS },
  byOrigin: {},
  shown: 0,
  drops: 0,
  dropRowsLost: 0,
  unstored: 0,
  untold: 0,
});

/** One viewer: turns its subscription into frames, at most ten deliveries and one tick a second. */
export function createLiveSession({
  services,
  send: sendText,
  isSlow,
}: SessionOptions): LiveSession {
  const { hub, writer, clock } = services;
  const send = (frame: LiveFrame): void => sendText(encodeFrame(frame));
  let subscription: LiveSubscription | undefined;
  let batch = 0;
  let acknowledged = 0;
  let visible = true;
  let tally = emptyTally();
  let tickedAt = Date.now();
  let deliveredAt = 0;

  const subscribe = (id: number, q: string, rows: number): void => {
    const query = readQuery(q);
    const live = { text: query.q, condition: compileQuery(query.where) };
    subscription?.[Symbol.dispose]();
    subscription = hub.subscribe(live, { capacity: CAPACITY, allowedPerSecond: rows });
    tally = emptyTally();
    tickedAt = Date.now();
    send({ kind: 'subscribed', id, q: query.q, head: hub.head });
  };

  const wanted = (): 'all' | 'drops' | 'none' => {
    if (batch - acknowledged > MAX_UNACKNOWLEDGED) return 'none';
    return visible ? 'all' : 'drops';
  };

  const deliver = (): void => {
    if (subscription === undefined || isSlow()) return;
    const now = Date.now();
    if (now >= deliveredAt && now - deliveredAt < DELIVERY_MS) return;
    const delivery = subscription.take({ rows: wanted() });
    addTo(tally, delivery);
    if (delivery.gaps.length + delivery.groups.length + delivery.flows.length > 0)
      deliveredAt = now;
    if (delivery.gaps.length > 0) send({ kind: 'lost', gaps: delivery.gaps.map(gapToJson) });
    if (delivery.groups.length > 0) {
      sendText(encodeGroups(delivery.head, delivery.groups));
    }
    if (delivery.flows.length > 0) {
      batch += 1;
      sendText(encodeFlows(batch, delivery.flows));
    }
  };

  const tick = (): void => {
    if (isSlow()) return;
    const now = Date.now();
    const lags = writer.statuses().flatMap((status) => status.lagMs ?? []);
    send({
      kind: 'tick',
      at: formatTime(nanos(clock.now())),
      overMs: now - tickedAt,
      ...tally,
      storing: writer.storePause() === undefined,
      lagMs: lags.length === 0 ? null : Math.max(...lags),
      head: hub.head,
    });
    tally = emptyTally();
    tickedAt = now;
  };

  const timers = [setInterval(deliver, LOOK_MS), setInterval(tick, TICK_MS)];

  return {
    start(q) {
      send({ kind: 'hello', head: hub.head, demo: services.demo, version: services.version });
      subscribe(0, q, DEFAULT_ROWS);
    },
    receive(request) {
      switch (request.kind) {
        case 'subscribe':
          subscribe(request.id, request.q, request.rows ?? DEFAULT_ROWS);
          break;
        case 'ack':
          acknowledged = Math.max(acknowledged, request.batch);
          break;
        case 'visible':
          ({ visible } = request);
          break;
      }
    },
    [Symbol.dispose]() {
      for (const timer of timers) clearInterval(timer);
      subscription?.[Symbol.dispose]();
    },
  };
}

function addTo(tally: Tally, delivery: LiveDelivery): void {
  const { counts, records, byOrigin, flows, drops, dropRowsLost, unstored, untold } = delivery;
  for (const kind of Object.keys(counts) as VerdictKind[]) {
    tally.counts[kind] += counts[kind];
    tally.records[kind] += records[kind];
  }
  for (const [origin, count] of Object.entries(byOrigin)) {
    tally.byOrigin[origin] = (tally.byOrigin[origin] ?? 0) + count;
  }
  tally.shown += flows.length;
  tally.drops += drops;
  tally.dropRowsLost += dropRowsLost;
  tally.unstored += unstored;
  tally.untold += untold;
}
