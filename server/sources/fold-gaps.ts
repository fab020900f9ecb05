import type { Gap } from '../core/flow.ts';
import { NANOS_PER_SECOND, nanos } from '../core/time.ts';

/**
 * Merges losses of one node, cause and second into one record: agents before 1.19 tell each on its own, by
 * tens of thousands a second (reference/hubble.md 6.5).
 */
export function foldGaps(gaps: readonly Gap[]): readonly Gap[] {
  if (gaps.length < 2) return gaps;
  const folded = new Map<string, Gap>();
  for (const gap of gaps) {
    const key = `${gap.kind} ${gap.node} ${gap.reason} ${gap.from / NANOS_PER_SECOND}`;
    const known = folded.get(key);
    folded.set(key, known === undefined ? gap : joined(known, gap));
  }
  return [...folded.values()];
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
