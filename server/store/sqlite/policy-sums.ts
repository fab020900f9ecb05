import {
  NO_HIT_SERIES,
  type HitKind,
  type HitSeries,
  type HitTotals,
} from '../../core/hit-series.ts';
import { NANOS_PER_SECOND } from '../../core/time.ts';
import type { PolicyHitQuery } from '../flow-store.ts';
import { bucketSeeker } from './buckets.ts';
import type { PackedHour } from './policy-hours.ts';

export const NANOS_PER_MINUTE = 60n * NANOS_PER_SECOND;

/** Of one rule: its counts, and the first and the last minute in which it was hit. */
type Hits = { series: Record<HitKind, Float64Array>; firstMinute: number; lastMinute: number };

/** Hits by rule, while they are counted. */
export type Sums = {
  readonly byRule: ReadonlyMap<number, Readonly<Hits>>;
  /** In order of minutes. */
  add(minute: number, ruleId: number, counts: HitTotals): void;
};

export function createSums({ within, buckets }: PolicyHitQuery): Sums {
  const seek = bucketSeeker(within, buckets);
  const byRule = new Map<number, Hits>();
  let current: number | undefined;
  let bucket = 0;
  const addTo = (column: Float64Array, count: number): Float64Array => {
    const counts = column.length === 0 ? new Float64Array(buckets) : column;
    counts[bucket] = (counts[bucket] ?? 0) + count;
    return counts;
  };
  return {
    byRule,
    add(minute, ruleId, { allowed, denied, passed, staged }) {
      if (minute !== current) {
        current = minute;
        bucket = seek(BigInt(minute) * NANOS_PER_MINUTE);
      }
      let hits = byRule.get(ruleId);
      if (hits === undefined) {
        hits = { series: { ...NO_HIT_SERIES }, firstMinute: minute, lastMinute: minute };
        byRule.set(ruleId, hits);
      }
      const { series } = hits;
      if (allowed > 0) series.allowed = addTo(series.allowed, allowed);
      if (denied > 0) series.denied = addTo(series.denied, denied);
      if (passed > 0) series.passed = addTo(series.passed, passed);
      if (staged > 0) series.staged = addTo(series.staged, staged);
      hits.lastMinute = minute;
    },
  };
}

export const totalsOf = ({ allowed, denied, passed, staged }: HitSeries): HitTotals => ({
  allowed: sumOf(allowed),
  denied: sumOf(denied),
  passed: sumOf(passed),
  staged: sumOf(staged),
});

function sumOf(column: Float64Array): number {
  let sum = 0;
  for (const count of column) sum += count;
  return sum;
}

/** Adds the minutes of an hour that lie in a span to which both ends belong. */
export function addPacked(
  sums: Sums,
  hour: PackedHour,
  { from, to }: { readonly from: number; readonly to: number },
): void {
  for (let row = 0; row < hour.rows; row++) {
    const minute = hour.minute(row);
    if (minute < from || minute > to) continue;
    sums.add(minute, hour.ruleId(row), {
      allowed: hour.allowed(row),
      denied: hour.denied(row),
      passed: hour.passed(row),
      staged: hour.staged(row),
    });
  }
}
