import type { ServerWritableStream } from '@grpc/grpc-js';
import { once } from 'node:events';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { nanos, parseTime, type EpochNanos } from '../core/time.ts';
import type { Clock } from '../lib/clock.ts';
import { getFlowsRequest, type GetFlowsRequest } from '../sources/hubble-proto.ts';
import { eventTime, newestPerNode, type BacklogPlan } from './backlog.ts';
import type { DemoEvent } from './flow-builder.ts';
import type { Timeline } from './timeline.ts';
import { encodeResponse } from './wire-encode.ts';
import { LOST, NODE_STATE, type WireResponse, type WireTime } from './wire-message.ts';

export type FlowCall = ServerWritableStream<Buffer, Buffer>;

export type FlowStreamOptions = {
  readonly timeline: Timeline;
  readonly clock: Clock;
  /** Oldest second that is still told. */
  readonly oldestSecond: () => number;
  /** Events of a node that a slow reader may lie behind before it loses some. */
  readonly ringCapacity: number;
};

const NANOS = 1_000_000_000n;
const RELAY_NAME = 'hubble-relay-demo';
/** How often a stream that has caught up looks for new events. */
const TICK_MS = 50;

const wireTime = (time: bigint): WireTime => ({
  seconds: Number(time / NANOS),
  nanos: Number(time % NANOS),
});
const timeOf = (text: string | undefined): EpochNanos | undefined =>
  text === undefined ? undefined : parseTime(text);

const allSkipped = (timeline: Timeline): number[] => timeline.cluster.nodes.map(() => 0);

function planBacklog(
  options: FlowStreamOptions,
  request: GetFlowsRequest,
  now: bigint,
): BacklogPlan {
  const { timeline, oldestSecond } = options;
  const oldest = oldestSecond();
  const beginning = BigInt(oldest) * NANOS;
  const number = Number(request.number ?? 0);
  const since = timeOf(request.since);
  const follow = request.follow === true;
  const skip = allSkipped(timeline);
  if (since !== undefined) {
    const limit = number > 0 && !follow ? number : undefined;
    return { from: since > beginning ? since : beginning, skip, limit };
  }
  if (number > 0 && request.first === true) return { from: beginning, skip, limit: number };
  if (number > 0) return newestPerNode(timeline, { oldest, end: now }, number);
  return { from: follow ? now : beginning, skip, limit: undefined };
}

type Sender = {
  send(response: WireResponse): Promise<void>;
  readonly signal: AbortSignal;
};

function createSender(call: FlowCall, signal: AbortSignal): Sender {
  return {
    signal,
    async send(response) {
      if (signal.aborted) return;
      // A full buffer means that the client reads too slowly: wait, as HTTP/2 flow control asks.
      if (!call.write(encodeResponse(response))) await once(call, 'drain', { signal });
    },
  };
}

const nodeStatus = (
  state: number,
  names: readonly string[],
  now: bigint,
  message?: string,
): WireResponse => ({
  node_status: {
    state_change: state,
    node_names: names,
    ...(message === undefined ? {} : { message }),
  },
  node_name: RELAY_NAME,
  time: wireTime(now),
});

async function sendNodeStates(
  { timeline }: FlowStreamOptions,
  sender: Sender,
  now: bigint,
): Promise<void> {
  const { unavailableNode } = timeline.stateAt(Number(now / NANOS));
  const named = (unavailable: boolean): readonly string[] =>
    timeline.cluster.nodes
      .filter(({ index }) => (index === unavailableNode) === unavailable)
      .map(({ qualifiedName }) => qualifiedName);
  await sender.send(nodeStatus(NODE_STATE.connected, named(false), now));
  if (named(true).length > 0)
    await sender.send(nodeStatus(NODE_STATE.unavailable, named(true), now));
}

/** Counts what a reader that is too slow misses between two seconds, and tells it per node. */
async function sendOverrun(
  timeline: Timeline,
  sender: Sender,
  from: number,
  to: number,
): Promise<void> {
  const counts = allSkipped(timeline);
  const reader = timeline.reader();
  for (let second = from; second < to; second += 1) {
    for (const { node, response } of reader.second(second)) {
      if (response.flow !== undefined) counts[node] = (counts[node] ?? 0) + 1;
    }
  }
  for (const { index, qualifiedName } of timeline.cluster.nodes) {
    const count = counts[index] ?? 0;
    if (count === 0) continue;
    const first = { seconds: from, nanos: 0 };
    const last = { seconds: to, nanos: 0 };
    const lost_events = { source: LOST.ringBuffer, num_events_lost: count, first, last };
    await sender.send({ lost_events, node_name: qualifiedName, time: last });
  }
}

type Cursor = { second: number; events: readonly DemoEvent[]; index: number };

/** Answers one GetFlows call as a relay does (filters and field masks are not applied). */
export async function streamFlows(
  call: FlowCall,
  options: FlowStreamOptions,
  signal: AbortSignal,
): Promise<void> {
  const { timeline, clock } = options;
  const request = getFlowsRequest.decode(call.request);
  const sender = createSender(call, signal);
  const now = clock.now();
  if (request.follow === true && request.first === true) {
    // Every agent refuses this, and a relay tells so as a node status, then ends the call with OK.
    const names = timeline.cluster.nodes.map(({ qualifiedName }) => qualifiedName);
    await sender.send(
      nodeStatus(NODE_STATE.error, names, now, 'first cannot be specified with follow'),
    );
    return;
  }
  await sendNodeStates(options, sender, now);
  const plan = planBacklog(options, request, now);
  await tellFrom(plan, { ...options, sender, request, startedAt: now });
}

type Telling = FlowStreamOptions & {
  readonly sender: Sender;
  readonly request: GetFlowsRequest;
  readonly startedAt: bigint;
};

async function tellFrom(plan: BacklogPlan, telling: Telling): Promise<void> {
  const { timeline, clock, sender, request, startedAt } = telling;
  const follow = request.follow === true;
  const until = timeOf(request.until);
  const filter = createFilter(plan, timeline);
  const reader = timeline.reader();
  const first = Number(plan.from / NANOS);
  const cursor: Cursor = { second: first, events: reader.second(first), index: 0 };
  while (!sender.signal.aborted) {
    const now = follow ? clock.now() : startedAt;
    const event = cursor.events[cursor.index];
    if (event !== undefined) {
      const time = eventTime(event);
      if (time <= now) {
        if (until !== undefined && time > until) return;
        cursor.index += 1;
        if (filter.admits(event, time)) await sender.send(event.response);
        if (filter.isDone()) return;
        continue;
      }
    } else if (now >= BigInt(cursor.second + 1) * NANOS) {
      await advance(cursor, telling, reader, nanos(now));
      continue;
    }
    if (!follow) return;
    await pause(TICK_MS, undefined, { signal: sender.signal });
  }
}

/** Goes to the next second, or past what a slow reader has lost. */
async function advance(
  cursor: Cursor,
  telling: Telling,
  reader: ReturnType<Timeline['reader']>,
  now: bigint,
): Promise<void> {
  const { timeline, sender, startedAt, ringCapacity } = telling;
  const { flowsPerSecond } = timeline.options;
  const ringSeconds = Math.max(1, (ringCapacity * timeline.cluster.nodes.length) / flowsPerSecond);
  const current = Number(now / NANOS);
  const before = timeline.stateAt(cursor.second).unavailableNode;
  let next = cursor.second + 1;
  // The backlog waits for its reader; what happens since the call began does not.
  if (next > Number(startedAt / NANOS) && current - next > ringSeconds) {
    const resumed = Math.floor(current - ringSeconds / 2);
    await sendOverrun(timeline, sender, next, resumed);
    next = resumed;
  }
  cursor.second = next;
  cursor.events = reader.second(next);
  cursor.index = 0;
  const after = timeline.stateAt(next).unavailableNode;
  const node = after === undefined ? undefined : timeline.cluster.nodes[after];
  if (node !== undefined && after !== before && next > Number(startedAt / NANOS)) {
    const text = `rpc error: code = Unavailable desc = connection to ${node.ip}:4244 was lost`;
    await sender.send(
      nodeStatus(NODE_STATE.error, [node.qualifiedName], BigInt(next) * NANOS, text),
    );
  }
  // One second of a big backlog is much work: let others have their turn.
  await nextTurn();
}

function createFilter(
  plan: BacklogPlan,
  timeline: Timeline,
): {
  admits(event: DemoEvent, time: bigint): boolean;
  isDone(): boolean;
} {
  const skip = [...plan.skip];
  const { limit } = plan;
  const told = allSkipped(timeline);
  return {
    admits({ node, response }, time) {
      if (time < plan.from) return false;
      if (response.flow === undefined) return true;
      const toSkip = skip[node] ?? 0;
      if (toSkip > 0) {
        skip[node] = toSkip - 1;
        return false;
      }
      const count = (told[node] ?? 0) + 1;
      if (limit !== undefined && count > limit) return false;
      told[node] = count;
      return true;
    },
    isDone: () => limit !== undefined && told.every((count) => count >= limit),
  };
}
