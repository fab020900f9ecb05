import type { GapJson } from '../../../server/http/contract.ts';

/** Gaps of one node that follow each other so closely are one to a reader. */
const JOIN_MS = 10_000;

/**
 * Joins gaps of the same node that touch or nearly do, their losses added up: a source that loses events
 * tells so every second. Oldest first.
 */
export function joinGaps(gaps: readonly GapJson[]): readonly GapJson[] {
  const joined: GapJson[] = [];
  const open = new Map<string, number>();
  const sorted = gaps.toSorted((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0));
  for (const gap of sorted) {
    const key = JSON.stringify([gap.kind, gap.origin, gap.node, gap.reason]);
    const at = open.get(key);
    const last = at === undefined ? undefined : joined[at];
    if (at !== undefined && last !== undefined && isNear(last, gap)) joined[at] = merge(last, gap);
    else open.set(key, joined.push(gap) - 1);
  }
  return joined;
}

const isNear = (a: GapJson, b: GapJson): boolean =>
  Date.parse(b.from) - Date.parse(a.to) <= JOIN_MS;

const merge = (a: GapJson, b: GapJson): GapJson => ({
  ...a,
  to: a.to > b.to ? a.to : b.to,
  count: addCounts(a.count, b.count),
});

/** Sum of two decimal texts; null, which is "nobody could count", where neither is known. */
const addCounts = (a: string | null, b: string | null): string | null =>
  a === null && b === null ? null : (BigInt(a ?? '0') + BigInt(b ?? '0')).toString();
