import type {
  EndExplanation,
  PolicyName,
  RuleLine,
  SelectionLine,
  TestLine,
} from '../../core/explanation.ts';
import { pathText } from '../../core/manifest.ts';
import type { CompiledPolicy, MissingFact } from '../../policy/form.ts';
import type { EndTrace, PredicateTrace, RuleTrace, SelectionTrace } from '../../policy/trace.ts';

/** Rules and policies that are told; of what is left out the count is told. */
const MAX_LINES = 50;
/** Entries of a list of L7 rules. */
const MAX_ENTRIES = 20;

/** A trace without what only the engine needs. */
export function toldTrace(trace: EndTrace, subject: string): Omit<EndExplanation, 'sentence'> {
  const { verdict, question } = trace;
  return {
    way: question.way,
    subject,
    verdict: verdict.verdict,
    reason: verdict.reason,
    stage: verdict.stage,
    looked: trace.looked,
    selected: trace.selected.slice(0, MAX_LINES).map(selectionLine),
    nearly: trace.nearly.map(selectionLine),
    tried: trace.tried.slice(0, MAX_LINES).map(ruleLine),
    decided: verdict.rules.map(({ policy, rule }) => ({
      policy: nameOf(policy),
      path: pathText(rule.path),
    })),
    hidden: trace.hidden.slice(0, MAX_LINES).map(ruleLine),
    missing: missingTexts(verdict.missing),
  };
}

export const missingTexts = (facts: readonly MissingFact[]): readonly string[] => [
  ...new Set(facts.map(({ text }) => text)),
];

export const nameOf = ({ ref: { kind, namespace, name } }: CompiledPolicy): PolicyName => ({
  kind,
  namespace,
  name,
});

const selectionLine = ({ policy, predicates }: SelectionTrace): SelectionLine => ({
  policy: nameOf(policy),
  tests: predicates.map(testLine),
});

const ruleLine = ({ policy, path, effect, truth, clauses }: RuleTrace): RuleLine => ({
  policy: nameOf(policy),
  path: pathText(path),
  effect,
  truth,
  clauses: clauses.map((clause) => ({
    kind: clause.kind,
    truth: clause.truth,
    tests: clause.options[0]?.predicates.map(testLine) ?? [],
    others: Math.max(0, clause.options.length - 1),
    entries:
      clause.kind === 'l7'
        ? clause.options.slice(0, MAX_ENTRIES).map(({ predicates }) => predicates.map(testLine))
        : [],
  })),
});

const testLine = ({ path, truth, expected, actual }: PredicateTrace): TestLine => ({
  path: pathText(path),
  truth,
  expected,
  actual,
});
