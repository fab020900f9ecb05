import type { PolicyRef } from '../../core/flow.ts';
import { nanos, NANOS_PER_SECOND, type EpochNanos } from '../../core/time.ts';
import type { UnnamedDecision } from '../../core/unnamed-decision.ts';
import {
  NOBODY,
  WHOLE_POLICY,
  type EvaluatedCell,
  type EvaluatedRule,
} from '../../store/control/evaluated-hits.ts';
import { addCounts, NO_COUNTS, type MinuteCounts } from '../../store/control/evaluated-minutes.ts';
import { refText } from '../policies/policy-names.ts';
import { isSamePolicy, type Credit, type Weighed } from './credit.ts';

/** Decisions of one row in one minute. */
export type Decided = {
  readonly decision: UnnamedDecision;
  /** Policies that the record names; none where whose it was is open. */
  readonly named: readonly PolicyRef[];
  readonly minute: number;
  readonly count: number;
  /** Of the row, in which other minutes may be. */
  readonly firstAt: EpochNanos;
  readonly lastAt: EpochNanos;
};

/** Evaluated hits by rule and minute, while they are counted. */
export type Cells = {
  add(weighed: Weighed, decided: Decided): void;
  all(): readonly EvaluatedCell[];
};

const MINUTE = 60n * NANOS_PER_SECOND;

export function createCells(): Cells {
  const cells = new Map<string, EvaluatedCell>();
  const addTo = (rule: EvaluatedRule, counts: MinuteCounts, decided: Decided): void => {
    const { minute } = decided;
    const key = JSON.stringify([
      refText(rule.policy),
      rule.direction,
      rule.rule,
      rule.named,
      minute,
    ]);
    const times = timesIn(decided);
    const known = cells.get(key) ?? { ...rule, ...NO_COUNTS, minute, ...times };
    cells.set(key, {
      ...known,
      ...addCounts(known, counts),
      firstAt: times.firstAt < known.firstAt ? times.firstAt : known.firstAt,
      lastAt: times.lastAt > known.lastAt ? times.lastAt : known.lastAt,
    });
  };
  return {
    add(weighed, decided) {
      const { decision, count } = decided;
      const counted = { ...NO_COUNTS, [decision.kind]: count };
      switch (weighed.kind) {
        case 'no-policy':
          return;
        case 'open':
          for (const rule of openRules(weighed, decided)) addTo(rule, counted, decided);
          return;
        case 'credited':
          for (const rule of creditedRules(weighed.credits, decision)) {
            const isShared = decision.kind !== 'allowed' && policiesIn(weighed.credits).size > 1;
            addTo(rule, { ...counted, shared: isShared ? count : 0 }, decided);
          }
          for (const rule of notCredited(weighed.credits, decided)) addTo(rule, counted, decided);
      }
    },
    all: () => [...cells.values()],
  };
}

/** What the dataplane gave to a policy is not nobody's, though its rule stays open. */
const openRules = (
  { way, why }: Extract<Weighed, { kind: 'open' }>,
  { decision, named }: Pick<Decided, 'decision' | 'named'>,
): readonly EvaluatedRule[] =>
  (decision.open === 'policy' ? [NOBODY] : named).map((policy) => ({
    ...{ policy, direction: way, rule: why },
    named: decision.open === 'rule',
  }));

/** Named by the record, and by weighing none of their rules matches. */
function notCredited(
  credits: readonly Credit[],
  { decision, named }: Decided,
): readonly EvaluatedRule[] {
  const way = credits[0]?.way;
  if (way === undefined || decision.open === 'policy') return [];
  const rest = named.filter((told) => !credits.some(({ policy }) => isSamePolicy(told, policy)));
  return openRules({ kind: 'open', way, why: 'conflict' }, { decision, named: rest });
}

const policiesIn = (credits: readonly Credit[]): ReadonlySet<string> =>
  new Set(credits.map(({ policy }) => refText(policy)));

/** Each rule, and each policy once: several of its rules may have matched one connection. */
function creditedRules(
  credits: readonly Credit[],
  { open }: UnnamedDecision,
): readonly EvaluatedRule[] {
  const named = open === 'rule';
  const rules = credits.map(({ policy, way, rule }) => ({ policy, direction: way, rule, named }));
  const wholes = new Map(
    rules.map((each) => [refText(each.policy), { ...each, rule: WHOLE_POLICY }]),
  );
  return [...rules, ...wholes.values()];
}

/** The first and the last time of a row lie in its first and last minute; of the others only the minute is known. */
function timesIn({ minute, firstAt, lastAt }: Decided): Pick<EvaluatedCell, 'firstAt' | 'lastAt'> {
  const begin = nanos(BigInt(minute) * MINUTE);
  const isIn = (at: EpochNanos): boolean => at >= begin && at < begin + MINUTE;
  return { firstAt: isIn(firstAt) ? firstAt : begin, lastAt: isIn(lastAt) ? lastAt : begin };
}
