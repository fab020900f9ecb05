import { NO_HITS, type HitTotals } from '../../core/hit-series.ts';
import { NANOS_PER_SECOND, nanos, type EpochNanos } from '../../core/time.ts';
import type { PolicyHitRow } from '../../store/flow-store.ts';

export const plus = (a: HitTotals, b: HitTotals): HitTotals => ({
  allowed: a.allowed + b.allowed,
  denied: a.denied + b.denied,
  passed: a.passed + b.passed,
  staged: a.staged + b.staged,
});

export const sumOf = (rows: readonly Pick<PolicyHitRow, 'totals'>[]): HitTotals =>
  rows.reduce((sum, { totals }) => plus(sum, totals), NO_HITS);

export const MINUTE = 60n * NANOS_PER_SECOND;

/** Hits are counted by the minute: the one that holds a time, and the first one that begins at it or later. */
export const minuteOf = (at: EpochNanos): EpochNanos => nanos((at / MINUTE) * MINUTE);
export const nextMinute = (at: EpochNanos): EpochNanos =>
  nanos(((at + MINUTE - 1n) / MINUTE) * MINUTE);
