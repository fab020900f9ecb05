import type { HitSeries } from '../core/hit-series.ts';
import { formatTime } from '../core/time.ts';
import type { HitSeriesJson, PolicyJson } from '../formats/api-json.ts';
import type { PolicyTotals } from './policy-totals.ts';

export const NO_HIT_SERIES_JSON: HitSeriesJson = {
  allowed: [],
  denied: [],
  passed: [],
  staged: [],
};

export function policyJson({
  policy,
  totals,
  firstHit,
  lastHit,
  series,
  rules,
}: PolicyTotals): Omit<PolicyJson, 'basis' | 'evaluated'> {
  return {
    policy,
    totals,
    firstHit: formatTime(firstHit),
    lastHit: formatTime(lastHit),
    series: seriesJson(series),
    rules: rules.map((row) => ({
      direction: row.direction,
      rule: row.rule < 0 ? null : row.rule,
      totals: row.totals,
      lastHit: formatTime(row.lastHit),
    })),
  };
}

export const seriesJson = ({ allowed, denied, passed, staged }: HitSeries): HitSeriesJson => ({
  allowed: numbersOf(allowed),
  denied: numbersOf(denied),
  passed: numbersOf(passed),
  staged: numbersOf(staged),
});

/** `Array.from` takes three times as long, and what it makes is slower to write as JSON. */
function numbersOf(column: Float64Array): readonly number[] {
  const numbers: number[] = [];
  for (const count of column) numbers.push(count);
  return numbers;
}
