import type { DemoEvent } from './flow-builder.ts';
import { flowsBetween } from './rate.ts';
import type { Timeline } from './timeline.ts';

/** Which part of the past a request asks for, and what of it to leave out. */
export type BacklogPlan = {
  /** Where to begin. */
  readonly from: bigint;
  /** Flows of each node to pass over first, so that only the newest are told. */
  readonly skip: number[];
  /** Flows of each node after which nothing more of it is told. */
  readonly limit: number | undefined;
};

const NANOS = 1_000_000_000n;
const CHUNK_SECONDS = 60;
/** A node tells less than this many times what is expected of the whole cluster: waves add a fifth, chance little. */
const CERTAINLY_ALL = 2;

/** Nanoseconds since 1970 of an event. */
export const eventTime = ({ seconds, nanos }: DemoEvent): bigint =>
  BigInt(seconds) * NANOS + BigInt(nanos);

/** Finds where the newest `number` flows of each node before `end` begin. Looks back no further than `oldest`. */
export function newestPerNode(
  timeline: Timeline,
  range: { readonly oldest: number; readonly end: bigint },
  number: number,
): BacklogPlan {
  const expected = flowsBetween(timeline.options, range.oldest, Number(range.end / NANOS) + 1);
  if (number > CERTAINLY_ALL * expected + CHUNK_SECONDS) return wholePast(timeline, range.oldest);
  const counts = timeline.cluster.nodes.map(() => 0);
  const reader = timeline.reader();
  let chunkEnd = Number(range.end / NANOS) + 1;
  let from = chunkEnd;
  while (from > range.oldest && counts.some((count) => count < number)) {
    from = Math.max(range.oldest, chunkEnd - CHUNK_SECONDS);
    for (let second = from; second < chunkEnd; second += 1) {
      for (const event of reader.second(second)) {
        if (event.response.flow === undefined || eventTime(event) > range.end) continue;
        counts[event.node] = (counts[event.node] ?? 0) + 1;
      }
    }
    chunkEnd = from;
  }
  return {
    from: BigInt(from) * NANOS,
    skip: counts.map((count) => Math.max(0, count - number)),
    limit: undefined,
  };
}

/** Nothing has to be counted where the whole past is asked for, and counting makes all of its flows. */
function wholePast({ cluster }: Timeline, oldest: number): BacklogPlan {
  return { from: BigInt(oldest) * NANOS, skip: cluster.nodes.map(() => 0), limit: undefined };
}
