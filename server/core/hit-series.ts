import type { HitCount } from './hit-counts.ts';

export type HitKind = HitCount['kind'];

export const HIT_KINDS: readonly HitKind[] = ['allowed', 'denied', 'passed', 'staged'];

/** Counted by `hit-counts.ts`; `staged` are audit verdicts, and what staged policies would have done. */
export type HitTotals = Readonly<Record<HitKind, number>>;

export const NO_HITS: HitTotals = { allowed: 0, denied: 0, passed: 0, staged: 0 };

/**
 * Hits in each of the equal parts of a range, a column for each kind: a day by minute is two columns a policy where it
 * would be 1,440 objects. The column of a kind that was not hit at all, as most kinds of most policies, is empty.
 */
export type HitSeries = Readonly<Record<HitKind, Float64Array>>;

const NONE = new Float64Array(0);

export const NO_HIT_SERIES: HitSeries = { allowed: NONE, denied: NONE, passed: NONE, staged: NONE };

/** A single one is taken as it is: it is not written to after it was made. */
export function sumOfSeries(all: readonly HitSeries[]): HitSeries {
  const [first = NO_HIT_SERIES, ...others] = all;
  if (others.length === 0) return first;
  const sum = { ...NO_HIT_SERIES };
  for (const kind of HIT_KINDS) sum[kind] = sumOfColumns(all.map((series) => series[kind]));
  return sum;
}

function sumOfColumns(all: readonly Float64Array[]): Float64Array {
  const [first = NONE, ...others] = all.filter(({ length }) => length > 0);
  if (others.length === 0) return first;
  const sum = first.slice();
  for (const column of others)
    for (let bucket = 0; bucket < sum.length; bucket++)
      sum[bucket] = (sum[bucket] ?? 0) + (column[bucket] ?? 0);
  return sum;
}
