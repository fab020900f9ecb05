import type { Flow } from '../core/flow.ts';
import { NANOS_PER_MILLI, NANOS_PER_SECOND } from '../core/time.ts';
import type { ClockSkew } from './flow-source.ts';

/** Compares what nodes' clocks say with when their flows arrive. */
export type SkewWatch = {
  /** Answers whether another set of nodes is off than before. */
  readonly see: (flows: readonly Flow[]) => boolean;
  /** The node that is furthest off; `undefined` when all are within five seconds. */
  readonly worst: () => ClockSkew | undefined;
};

/** Beyond this a clock is told to be wrong. */
const TOLERANCE = 5n * NANOS_PER_SECOND;
const WINDOW = 10n * NANOS_PER_SECOND;
/** While a backlog is read, lateness falls by more than this from window to window; a clock's error does not. */
const STEADY = 2n * NANOS_PER_SECOND;
const NODE_LIMIT = 10_000;
/** Of a full batch a sample says enough; every node comes by in one of the next. */
const LOOKED_AT = 1_000;

type Lateness = {
  since: bigint;
  /** Least receipt minus observation of the window; negative when flows come before they happened. */
  least: bigint;
  /** Of the window before. */
  before: bigint | undefined;
};

/**
 * An event cannot be received before it happened, so one such flow shows a clock that is ahead. One that is
 * behind looks like flows that are late: it is told when two windows in a row have the same least lateness.
 */
export function createSkewWatch(): SkewWatch {
  const nodes = new Map<string, Lateness>();
  /** Nanoseconds by which a node's clock is ahead; negative when behind. */
  const flagged = new Map<string, bigint>();
  /** Counts each time that a node joins or leaves those. */
  let changes = 0;

  const flag = (node: string, skew: bigint | undefined): void => {
    if (flagged.has(node) !== (skew !== undefined)) changes += 1;
    if (skew === undefined) flagged.delete(node);
    else flagged.set(node, skew);
  };
  const look = ({ node, observedAt, receivedAt }: Flow): void => {
    const late = receivedAt - observedAt;
    let known = nodes.get(node);
    if (known === undefined) {
      if (nodes.size >= NODE_LIMIT) {
        nodes.clear();
        flagged.clear();
      }
      known = { since: receivedAt, least: late, before: undefined };
      nodes.set(node, known);
    } else if (receivedAt >= known.since + WINDOW || receivedAt < known.since) {
      flag(node, skewOf(known));
      known.before = known.least;
      known.since = receivedAt;
      known.least = late;
    } else if (late < known.least) known.least = late;
    if (late < -TOLERANCE && -late > (flagged.get(node) ?? 0n)) flag(node, -late);
  };

  return {
    see: (flows) => {
      const before = changes;
      const step = Math.max(1, Math.floor(flows.length / LOOKED_AT));
      for (let index = 0; index < flows.length; index += step) {
        const flow = flows[index];
        if (flow?.timeFrom === 'record') look(flow);
      }
      return before !== changes;
    },
    worst: () => {
      let worst: { node: string; skew: bigint } | undefined;
      for (const [node, skew] of flagged) {
        if (worst === undefined || abs(skew) > abs(worst.skew)) worst = { node, skew };
      }
      return worst && { node: worst.node, ms: Number(worst.skew / NANOS_PER_MILLI) };
    },
  };
}

/** What a whole window says of a clock. */
function skewOf({ least, before }: Lateness): bigint | undefined {
  if (least < -TOLERANCE) return -least;
  const isSteady = before !== undefined && abs(before - least) < STEADY;
  return least > TOLERANCE && isSteady ? -least : undefined;
}

const abs = (value: bigint): bigint => (value < 0n ? -value : value);
