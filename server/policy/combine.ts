import type { MissingFact, Question, Reason, Rule, Stage } from './form.ts';
import { missingFor, refusedAtL7, ruleMatches } from './matching.ts';
import type { Outcome, RuleRef, Selected } from './outcome.ts';
import { anyOf, type Truth } from './truth.ts';

/** The ways in which the rules of a stage may combine. Adds the facts that are missing to `missing`. */
export function combine(
  stage: Stage,
  selected: readonly Selected[],
  question: Question,
  missing: MissingFact[],
): readonly Outcome[] {
  return stage.combine === 'first-match'
    ? firstMatch(stage, selected, question, missing)
    : union(stage, selected, question, missing);
}

type Matched = { readonly ref: RuleRef; readonly truth: Truth };

function matchesOf(
  selected: readonly Selected[],
  question: Question,
  effects: readonly Rule['effect'][],
  missing: MissingFact[],
): readonly Matched[] {
  const found: Matched[] = [];
  for (const { policy, truth: selection } of selected)
    for (const rule of policy.rules[question.way]) {
      if (!effects.includes(rule.effect)) continue;
      const matched = ruleMatches(rule, question);
      if (matched === 'no') continue;
      const truth = selection === 'yes' ? matched : 'unknown';
      if (matched === 'unknown') missing.push(...missingFor(rule, question));
      found.push({ ref: { policy, rule }, truth });
    }
  return found;
}

/** Deny before allow, whatever the order. Without deny rules this is the union of what policies allow. */
function union(
  stage: Stage,
  selected: readonly Selected[],
  question: Question,
  missing: MissingFact[],
): readonly Outcome[] {
  const outcomes: Outcome[] = [];
  const denies = matchesOf(selected, question, ['deny'], missing);
  const sureDenies = denies.filter(({ truth }) => truth === 'yes');
  if (sureDenies.length > 0) return [outcomeOf('deny', 'rule-deny', sureDenies)];
  if (denies.length > 0) outcomes.push(outcomeOf('deny', 'rule-deny', denies));
  const allows = matchesOf(selected, question, ['allow'], missing);
  const sure = allows.filter(({ truth }) => truth === 'yes');
  if (sure.length > 0) return [...outcomes, outcomeOf('allow', 'rule-allow', sure)];
  if (allows.length > 0) outcomes.push(outcomeOf('allow', 'rule-allow', allows));
  return [...outcomes, ...unmatched(stage, selected, question, missing)];
}

function outcomeOf(
  outcome: Outcome['outcome'],
  reason: Reason,
  matches: readonly Matched[],
): Outcome {
  return {
    outcome,
    reason,
    policies: [...new Set(matches.map(({ ref }) => ref.policy))],
    rules: matches.map(({ ref }) => ref),
  };
}

function unmatched(
  stage: Stage,
  selected: readonly Selected[],
  question: Question,
  missing: MissingFact[],
): readonly Outcome[] {
  const isolating = selected.filter(({ policy }) => policy.isolates.has(question.way));
  const state = {
    selected: anyOf(selected, ({ truth }) => truth),
    isolated: anyOf(isolating, ({ truth }) => truth),
  };
  const admittedAtL4 = selected.filter(({ policy }) =>
    policy.rules[question.way].some((rule) => refusedAtL7(rule, question)),
  );
  return stage.unmatched(state, question).outcomes.map((each): Outcome => {
    if (each.missing !== undefined) missing.push(each.missing);
    if (each.outcome === 'deny' && admittedAtL4.length > 0)
      return { ...REFUSED, policies: admittedAtL4.map(({ policy }) => policy) };
    const { outcome, reason, rules } = each;
    if (rules !== undefined)
      return { outcome, reason, policies: rules.map(({ policy }) => policy), rules };
    const policies = outcome === 'deny' ? isolating.map(({ policy }) => policy) : [];
    return { outcome, reason, policies, rules: [] };
  });
}

const REFUSED = { outcome: 'deny', reason: 'l7-deny', rules: [] } as const;

const REASON_OF = { allow: 'rule-allow', deny: 'rule-deny', pass: 'no-match' } as const;

function firstMatch(
  stage: Stage,
  selected: readonly Selected[],
  question: Question,
  missing: MissingFact[],
): readonly Outcome[] {
  const outcomes: Outcome[] = [];
  for (const tied of tiedGroups(stage, selected)) {
    const group = tied.map((each) => firstMatchIn(each, question, missing));
    const merged = group.length === 1 ? group[0] : mergeTied(stage, group, missing);
    outcomes.push(...(merged?.outcomes ?? []));
    if (merged?.final === true) return outcomes;
  }
  return [...outcomes, ...unmatched(stage, selected, question, missing)];
}

/** Policies that are weighed one after the other; those in one group have no order among them. */
function tiedGroups(stage: Stage, selected: readonly Selected[]): readonly (readonly Selected[])[] {
  if (stage.ties === undefined || stage.ties === 'in-order') return selected.map((each) => [each]);
  const byOrder = Map.groupBy(selected, ({ policy }) => policy.order);
  return [...byOrder.values()];
}

/** What one policy does: its first rule that matches, after those that may. */
type FirstMatch = { readonly outcomes: readonly Outcome[]; readonly final: boolean };

function firstMatchIn(
  { policy, truth: selection }: Selected,
  question: Question,
  missing: MissingFact[],
): FirstMatch {
  const outcomes: Outcome[] = [];
  for (const rule of policy.rules[question.way]) {
    if (rule.effect === 'log') continue;
    const matched = ruleMatches(rule, question);
    if (matched === 'no') continue;
    outcomes.push({
      outcome: rule.effect === 'pass' ? 'next' : rule.effect,
      reason: REASON_OF[rule.effect],
      policies: [policy],
      rules: [{ policy, rule }],
    });
    if (matched === 'unknown') missing.push(...missingFor(rule, question));
    else if (selection === 'yes') return { outcomes, final: true };
    else break;
  }
  return { outcomes, final: false };
}

function mergeTied(stage: Stage, group: readonly FirstMatch[], missing: MissingFact[]): FirstMatch {
  const outcomes = group.flatMap((each) => each.outcomes);
  const denies = group.filter(
    (each) => each.final && each.outcomes.every(({ outcome }) => outcome === 'deny'),
  );
  if (stage.ties === 'deny-first' && denies.length > 0)
    return { outcomes: denies.flatMap((each) => each.outcomes), final: true };
  if (stage.ties === 'ambiguous' && new Set(outcomes.map(({ outcome }) => outcome)).size > 1)
    missing.push({
      kind: 'ambiguous',
      text: 'which of several policies of equal priority comes first',
    });
  return { outcomes, final: group.some(({ final }) => final) };
}
