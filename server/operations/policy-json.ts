import { formatTime } from '../core/time.ts';
import type { PolicyJson } from '../formats/api-json.ts';
import type { PolicyTotals } from './policy-totals.ts';

export function policyJson({
  policy,
  totals,
  firstHit,
  lastHit,
  series,
  rules,
}: PolicyTotals): PolicyJson {
  return {
    policy,
    basis: 'reported',
    totals,
    firstHit: formatTime(firstHit),
    lastHit: formatTime(lastHit),
    series,
    rules: rules.map((row) => ({
      direction: row.direction,
      rule: row.rule < 0 ? null : row.rule,
      totals: row.totals,
      lastHit: formatTime(row.lastHit),
    })),
  };
}
