import { VERDICT_KINDS, type VerdictKind } from '../../../server/core/verdict.ts';
import type { CompletenessJson, GapJson, SummaryResponse } from '../../../server/http/contract.ts';

/** Counts over time, as the histogram draws them. Times are milliseconds since 1970. */
export type Buckets = {
  readonly from: number;
  readonly stepMs: number;
  /** Events: what the records stand for. */
  readonly series: Readonly<Record<VerdictKind, readonly number[]>>;
  /** Records of the range as it was read last. */
  readonly records: Readonly<Record<VerdictKind, number>>;
  readonly gaps: readonly GapJson[];
  readonly completeness: CompletenessJson;
};

export type BucketPlan = { readonly from: number; readonly to: number; readonly count: number };

const PIXELS_PER_BUCKET = 4;

/** Whole seconds, then tens of seconds, then minutes: buckets whose borders a person can name. */
function roundStep(ms: number): number {
  const unit = ms <= 60_000 ? 1_000 : ms <= 600_000 ? 10_000 : 60_000;
  return Math.max(1_000, Math.ceil(ms / unit) * unit);
}

/** Buckets that cover the range, one per four pixels or wider, on borders that do not move between requests. */
export function planBuckets(from: number, to: number, widthPx: number): BucketPlan {
  const most = Math.max(1, Math.floor(widthPx / PIXELS_PER_BUCKET));
  const step = roundStep((to - from) / most);
  const end = Math.ceil(to / step) * step;
  const count = Math.max(1, Math.ceil((end - from) / step));
  return { from: end - count * step, to: end, count };
}

/** Keys under which `by=verdict` counts: the query language's words. */
const KIND_OF_KEY: Readonly<Record<string, VerdictKind>> = {
  forwarded: 'allowed',
  dropped: 'dropped',
  audited: 'audit',
  error: 'error',
};

const emptySeries = (count: number): Record<VerdictKind, number[]> => ({
  allowed: new Array<number>(count).fill(0),
  dropped: new Array<number>(count).fill(0),
  audit: new Array<number>(count).fill(0),
  error: new Array<number>(count).fill(0),
  unknown: new Array<number>(count).fill(0),
});

export function bucketsOf(summary: SummaryResponse, plan: BucketPlan): Buckets {
  const series = emptySeries(plan.count);
  const records = { allowed: 0, dropped: 0, audit: 0, error: 0, unknown: 0 };
  for (const row of summary.rows) {
    const kind = KIND_OF_KEY[row.keys?.[0] ?? ''] ?? 'unknown';
    const into = series[kind];
    records[kind] += row.records;
    for (let i = 0; i < plan.count; i++) into[i] = (into[i] ?? 0) + (row.series[i] ?? 0);
  }
  return {
    from: plan.from,
    stepMs: (plan.to - plan.from) / plan.count,
    series,
    records,
    gaps: summary.gaps,
    completeness: summary.completeness,
  };
}

/** Adds what the stream counted at `at`, moving the window on when its last bucket is over. */
export function addCounts(
  buckets: Buckets,
  counts: Readonly<Record<VerdictKind, number>>,
  at: number,
): Buckets {
  const length = buckets.series.allowed.length;
  const index = Math.floor((at - buckets.from) / buckets.stepMs);
  if (index < 0) return buckets;
  const shift = Math.min(length, Math.max(0, index - length + 1));
  const series = emptySeries(length);
  for (const kind of VERDICT_KINDS) {
    const into = series[kind];
    const old = buckets.series[kind];
    for (let i = shift; i < length; i++) into[i - shift] = old[i] ?? 0;
    const place = Math.min(index, length - 1);
    into[place] = (into[place] ?? 0) + counts[kind];
  }
  const moved = Math.max(0, index - length + 1);
  return { ...buckets, from: buckets.from + moved * buckets.stepMs, series };
}

export const totalOf = (buckets: Buckets, kind: VerdictKind): number =>
  buckets.series[kind].reduce((sum, count) => sum + count, 0);

/** Drops get an axis of their own below one in a hundred, and keep it until they pass two. */
export function wantsDropAxis(buckets: Buckets, has: boolean): boolean {
  const dropped = totalOf(buckets, 'dropped');
  const all = VERDICT_KINDS.reduce((sum, kind) => sum + totalOf(buckets, kind), 0);
  return dropped > 0 && dropped / all < (has ? 0.02 : 0.01);
}
