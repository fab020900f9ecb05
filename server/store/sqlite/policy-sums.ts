import { NANOS_PER_SECOND } from '../../core/time.ts';
import type { HitTotals, PolicyHitQuery } from '../flow-store.ts';
import { bucketSeeker } from './buckets.ts';
import type { PackedHour } from './policy-hours.ts';

export const NANOS_PER_MINUTE = 60n * NANOS_PER_SECOND;

export type Totals = { allowed: number; denied: number; passed: number; staged: number };

export const NO_HITS: Totals = { allowed: 0, denied: 0, passed: 0, staged: 0 };

/** Of one rule: its counts, and the first and the last minute in which it was hit. */
type Hits = { totals: Totals; series: Totals[]; firstMinute: number; lastMinute: number };

/** Hits by rule, while they are counted. */
export type Sums = {
  readonly byRule: ReadonlyMap<number, Hits>;
  /** In order of minutes. */
  add(minute: number, ruleId: number, totals: HitTotals): void;
};

export function createSums({ within, buckets }: PolicyHitQuery): Sums {
  const seek = bucketSeeker(within, buckets);
  const byRule = new Map<number, Hits>();
  let current: number | undefined;
  let bucket = 0;
  return {
    byRule,
    add(minute, ruleId, totals) {
      if (minute !== current) {
        current = minute;
        bucket = seek(BigInt(minute) * NANOS_PER_MINUTE);
      }
      let hits = byRule.get(ruleId);
      if (hits === undefined) {
        // Most rules are not hit in most buckets: those share one object.
        const series = new Array<Totals>(buckets).fill(NO_HITS);
        hits = { totals: { ...NO_HITS }, series, firstMinute: minute, lastMinute: minute };
        byRule.set(ruleId, hits);
      }
      add(hits.totals, totals);
      const sums = hits.series[bucket];
      if (sums === NO_HITS || sums === undefined) hits.series[bucket] = totalsOf(totals);
      else add(sums, totals);
      hits.lastMinute = minute;
    },
  };
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

const totalsOf = ({ allowed, denied, passed, staged }: HitTotals): Totals => ({
  allowed,
  denied,
  passed,
  staged,
});

function add(sums: Totals, { allowed, denied, passed, staged }: HitTotals): void {
  sums.allowed += allowed;
  sums.denied += denied;
  sums.passed += passed;
  sums.staged += staged;
}
