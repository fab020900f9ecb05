import type { PolicyRef } from '../core/flow.ts';
import { sumOfSeries, type HitSeries, type HitTotals } from '../core/hit-series.ts';
import { NANOS_PER_SECOND, nanos, type EpochNanos, type TimeWindow } from '../core/time.ts';
import type { FlowReader, PolicyHitQuery, PolicyHitRow } from '../store/flow-store.ts';
import { sumOf } from './policies/hit-sums.ts';

export type PolicyTotals = {
  readonly policy: PolicyRef;
  readonly totals: HitTotals;
  readonly firstHit: EpochNanos;
  readonly lastHit: EpochNanos;
  readonly series: HitSeries;
  /** By direction and rule. */
  readonly rules: readonly PolicyHitRow[];
};

const MINUTE = 60n * NANOS_PER_SECOND;

/** Hits are counted by the minute: the window widened to whole ones, which is what the counts are of. */
export function wholeMinutes({ from, to }: TimeWindow): TimeWindow {
  const last = (to + MINUTE - 1n) / MINUTE;
  return { from: nanos((from / MINUTE) * MINUTE), to: nanos(last * MINUTE) };
}

/** A series with more buckets than minutes would show holes where nothing was missing. */
export function minutesOf({ from, to }: TimeWindow): number {
  return Math.max(1, Number((to - from) / MINUTE));
}

/** Hits that the dataplane reported in the window, per policy, the one hit last first. */
export async function policyTotals(
  store: FlowReader,
  query: PolicyHitQuery,
): Promise<readonly PolicyTotals[]> {
  const rows = await store.policyHits(query);
  const byPolicy = Map.groupBy(rows, ({ policy }) =>
    [policy.kind, policy.namespace, policy.tier, policy.name].join('|'),
  );
  const policies = [...byPolicy.values()].flatMap((rules) => {
    const [first] = rules;
    return first === undefined ? [] : [sum(first, rules)];
  });
  policies.sort((a, b) => (a.lastHit < b.lastHit ? 1 : a.lastHit > b.lastHit ? -1 : 0));
  return policies;
}

function sum(first: PolicyHitRow, rules: readonly PolicyHitRow[]): PolicyTotals {
  return {
    policy: first.policy,
    totals: sumOf(rules),
    firstHit: rules.map((row) => row.firstHit).reduce((a, b) => (a < b ? a : b)),
    lastHit: rules.map((row) => row.lastHit).reduce((a, b) => (a > b ? a : b)),
    series: sumOfSeries(rules.map(({ series }) => series)),
    rules,
  };
}
