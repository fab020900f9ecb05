import type { Clause, CompiledPolicy, MissingFact, Option, Question, Rule } from './form.ts';
import { allOf, anyOf, type Truth } from './truth.ts';

export const predicatesHold = (option: Option, question: Question): Truth =>
  allOf(option.predicates, (predicate) => predicate.test(question));

export const clauseHolds = (clause: Clause, question: Question): Truth =>
  anyOf(clause.options, (option) => predicatesHold(option, question));

export const ruleMatches = (rule: Rule, question: Question): Truth =>
  allOf(rule.clauses, (clause) => clauseHolds(clause, question));

/** Whether a policy applies to the subject, whatever its directions. */
export const selects = (policy: CompiledPolicy, question: Question): Truth =>
  allOf(policy.subject, (predicate) => predicate.test(question));

/** What would decide those of some predicates that are open. */
export function missingIn(
  predicates: Option['predicates'],
  question: Question,
): readonly MissingFact[] {
  return predicates.flatMap((predicate) =>
    predicate.test(question) === 'unknown' ? (predicate.report(question).missing ?? []) : [],
  );
}

/** The facts that leave a rule open. Only of clauses that are open themselves: others do not depend on them. */
export function missingFor(rule: Rule, question: Question): readonly MissingFact[] {
  return rule.clauses
    .filter((clause) => clauseHolds(clause, question) === 'unknown')
    .flatMap((clause) => clause.options)
    .filter((option) => predicatesHold(option, question) === 'unknown')
    .flatMap((option) => missingIn(option.predicates, question));
}

/** The connection is admitted and handed to a proxy, which refuses this request. */
export function refusedAtL7(rule: Rule, question: Question): boolean {
  const isL7 = (clause: Clause): boolean => clause.kind === 'l7';
  return (
    rule.effect === 'allow' &&
    rule.clauses.some(isL7) &&
    rule.clauses.every((clause) => clauseHolds(clause, question) === (isL7(clause) ? 'no' : 'yes'))
  );
}
