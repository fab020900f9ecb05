import type { Gap } from '../core/flow.ts';
import { NANOS_PER_SECOND, nanos, type EpochNanos } from '../core/time.ts';

/**
 * Merges losses of one node, cause and second into one record: agents before 1.19 tell each on its own, by
 * tens of thousands a second (reference/hubble.md 6.5).
 */
export function foldGaps(gaps: readonly Gap[]): readonly Gap[] {
  if (gaps.length < 2) return gaps;
  const folded = new Map<string, Gap>();
  for (const gap of gaps) fold(folded, gap, NANOS_PER_SECOND);
  return [...folded.values()];
}

/** Gathers losses that are told faster than it is worth to commit them. */
export type Losses = {
  readonly add: (gap: Gap) => void;
  readonly size: () => number;
  /** What was gathered, once a second at most unless it is `urgent`; the counts of all takings sum up exactly. */
  readonly take: (now: EpochNanos, urgent: boolean) => readonly Gap[];
};

/** A row a node and cause for each such span; most losses of a storm share one with those around them. */
const WINDOWS = [10n, 600n, 86_400n, 2n ** 40n].map((seconds) => seconds * NANOS_PER_SECOND);
const HELD = 4096;
/** Stands for every node where even one row a node would be too many; names come from outside. */
const ANY_NODE = '';

/**
 * Holds at most `limit` records, whatever comes: when there are more, spans widen, and at last nodes and causes
 * are told together. Counts are never rounded or dropped.
 */
export function createLosses(limit = HELD): Losses {
  let held = new Map<string, Gap>();
  let width = 0;
  let takenAt: EpochNanos | undefined;
  const widen = (): void => {
    while (held.size >= limit) {
      width += 1;
      const span = WINDOWS[width];
      const wider = new Map<string, Gap>();
      for (const gap of held.values()) {
        if (span !== undefined) fold(wider, gap, span);
        else foldAll(wider, gap);
      }
      held = wider;
    }
  };
  return {
    add: (gap) => {
      const span = WINDOWS[width];
      if (span === undefined) foldAll(held, gap);
      else fold(held, gap, span);
      if (held.size >= limit) widen();
    },
    size: () => held.size,
    take: (now, urgent) => {
      const isDue = takenAt === undefined || now < takenAt || now >= takenAt + NANOS_PER_SECOND;
      if (held.size === 0 || !(urgent || isDue)) return [];
      const taken = [...held.values()];
      held = new Map();
      width = 0;
      takenAt = now;
      return taken;
    },
  };
}

function fold(into: Map<string, Gap>, gap: Gap, span: bigint): void {
  join(into, `${gap.kind} ${gap.node} ${gap.reason} ${gap.from / span}`, gap);
}

function foldAll(into: Map<string, Gap>, gap: Gap): void {
  join(into, gap.kind, { ...gap, node: ANY_NODE, reason: 'several causes' });
}

function join(into: Map<string, Gap>, key: string, gap: Gap): void {
  const known = into.get(key);
  into.set(key, known === undefined ? gap : joined(known, gap));
}

function joined(one: Gap, other: Gap): Gap {
  const counted = one.count !== undefined || other.count !== undefined;
  return {
    ...one,
    from: nanos(one.from < other.from ? one.from : other.from),
    to: nanos(one.to > other.to ? one.to : other.to),
    count: counted ? (one.count ?? 0n) + (other.count ?? 0n) : undefined,
  };
}
