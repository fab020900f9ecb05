import { NANOS_PER_SECOND, type EpochNanos, type TimeWindow } from '../../core/time.ts';

/** Seconds of 35 bits last until the year 3058. */
const LEVELS = 35n;

/** Times before 1970 share its first second: no cluster is that old. */
const secondOf = (time: bigint): bigint => (time < 0n ? 0n : time / NANOS_PER_SECOND);

/**
 * The root of the smallest binary subtree of seconds that holds a span (Kriegel's relational interval tree). A span
 * holds a time only if its node is an ancestor of that time, so a look-up asks for few nodes however many spans
 * there are.
 */
export function intervalNode({ from, to }: TimeWindow): bigint {
  const last = secondOf(to);
  const differing = secondOf(from) ^ last;
  if (differing === 0n) return last;
  const level = BigInt(differing.toString(2).length - 1);
  return (last >> level) << level;
}

/** Nodes of all spans that may hold a time: those at or before its second, and those after it. */
export function nodesAround(time: EpochNanos): {
  readonly left: readonly bigint[];
  readonly right: readonly bigint[];
} {
  const second = secondOf(time);
  const nodes = new Set([0n, second]);
  for (let level = 0n; level < LEVELS; level++) nodes.add(((second >> level) | 1n) << level);
  return {
    left: [...nodes].filter((node) => node <= second),
    right: [...nodes].filter((node) => node > second),
  };
}
