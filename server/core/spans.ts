import type { TimeWindow } from './time.ts';

/** The same time as spans that neither touch nor overlap, oldest first. Empty ones are left out. */
export function union(spans: readonly TimeWindow[]): readonly TimeWindow[] {
  const sorted = spans
    .filter(({ from, to }) => from < to)
    .toSorted((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0));
  const joined: TimeWindow[] = [];
  for (const { from, to } of sorted) {
    const last = joined.at(-1);
    if (last === undefined || from > last.to) joined.push({ from, to });
    else if (to > last.to) joined[joined.length - 1] = { from: last.from, to };
  }
  return joined;
}

/** What of `spans` lies in none of `without`. */
export function subtract(
  spans: readonly TimeWindow[],
  without: readonly TimeWindow[],
): readonly TimeWindow[] {
  const holes = union(without);
  return union(spans).flatMap(({ from, to }) => {
    const rest: TimeWindow[] = [];
    let at = from;
    for (const hole of holes) {
      if (hole.to <= at) continue;
      if (hole.from >= to) break;
      if (hole.from > at) rest.push({ from: at, to: hole.from });
      at = hole.to;
    }
    return at < to ? [...rest, { from: at, to }] : rest;
  });
}

/** Share of the range, 0 to 1, that the spans cover; 0 of an empty range. */
export function shareOf(spans: readonly TimeWindow[], range: TimeWindow): number {
  if (range.to <= range.from) return 0;
  const covered = union(spans).reduce((sum, { from, to }) => {
    const begin = from > range.from ? from : range.from;
    const end = to < range.to ? to : range.to;
    return end > begin ? sum + (end - begin) : sum;
  }, 0n);
  // Nothing but the whole is one, and nothing but nothing is zero, however long the range.
  if (covered === 0n) return 0;
  if (covered === range.to - range.from) return 1;
  const share = Number(covered) / Number(range.to - range.from);
  return Math.min(1 - Number.EPSILON, Math.max(Number.EPSILON, share));
}
