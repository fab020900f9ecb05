import type { Direction } from '../../core/flow.ts';
import { HIT_KINDS, NO_HITS, type HitTotals } from '../../core/hit-series.ts';
import type { EpochNanos } from '../../core/time.ts';
import { BY_DEFAULT, WHOLE_POLICY } from '../../store/control/evaluated-hits.ts';
import type { EvaluatedRow } from '../../store/control/read-evaluated.ts';
import { plus, sumOf } from '../policies/hit-sums.ts';

/** What was evaluated of one policy since its version began. */
export type EvaluatedRules = {
  readonly rows: readonly EvaluatedRow[];
  /** Flows are weighed at all, and those of all of the range were. */
  readonly isBegun: boolean;
  readonly isWhole: boolean;
  /** Some decisions are nobody's, and may be its hits. */
  readonly hasOpen: boolean;
};

export type RuleHits = { readonly totals: HitTotals; readonly last: EpochNanos };

/** What became by weighing of reported hits whose rule no record names. */
type FoundRules = {
  /** Reported hits for which rules were found. */
  readonly totals: HitTotals;
  /** For some no rule can be found. */
  readonly isOpen: boolean;
};

export function foundRules({ rows, isWhole }: EvaluatedRules, way: Direction): FoundRules {
  const named = rows.filter((row) => row.named && row.direction === way);
  const found = named.filter(({ rule }) => rule === WHOLE_POLICY);
  const open = named.some(({ rule }) => !isPath(rule) && rule !== WHOLE_POLICY);
  return { totals: sumOf(found), isOpen: open || !isWhole };
}

const isPath = (rule: string): boolean => rule.startsWith('spec');

/**
 * Evaluated hits of rules, by where they stand. Those of reported hits count in the ways in which these were given to no
 * rule otherwise.
 */
export function hitsByRule(
  { rows }: EvaluatedRules,
  withoutRule: ReadonlySet<Direction>,
): ReadonlyMap<string, RuleHits> {
  const hits = new Map<string, RuleHits>();
  for (const { rule, named, direction, totals, lastHit } of rows) {
    if (!isPath(rule) || (named && !withoutRule.has(direction))) continue;
    const before = hits.get(rule);
    const last = before === undefined || lastHit > before.last ? lastHit : before.last;
    hits.set(rule, { totals: plus(before?.totals ?? NO_HITS, totals), last });
  }
  return hits;
}

/** Denials of the policy in which none of its rules matched. */
export const deniedByDefault = (rows: readonly EvaluatedRow[]): readonly EvaluatedRow[] =>
  rows.filter(({ rule, named }) => rule === BY_DEFAULT && !named);

/** What is left of some hits; the newest of them may be found before they are reported here. */
export function minus(all: HitTotals, some: HitTotals): HitTotals {
  const rest = { ...NO_HITS };
  for (const kind of HIT_KINDS) rest[kind] = Math.max(0, all[kind] - some[kind]);
  return rest;
}

export const isNone = (totals: HitTotals): boolean => HIT_KINDS.every((kind) => totals[kind] === 0);
