import type {
  EndExplanation,
  PolicyName,
  RuleLine,
  RuleName,
  SelectionLine,
  TestLine,
} from '../../core/explanation.ts';
import { pathText, type Manifest, type ManifestPath } from '../../core/manifest.ts';
import type { CompiledPolicy, MissingFact } from '../../policy/form.ts';
import type { EndTrace, PredicateTrace, RuleTrace, SelectionTrace } from '../../policy/trace.ts';
import type { PlaceOf } from './source-places.ts';

/** Rules and policies that are told; of what is left out the count is told. */
const MAX_LINES = 50;
/** Entries of a list of L7 rules. */
const MAX_ENTRIES = 20;

/** A trace without what only the engine needs, and with the places of what is written in files. */
export function toldTrace(
  trace: EndTrace,
  subject: string,
  placeOf: PlaceOf,
): Omit<EndExplanation, 'sentence'> {
  const { verdict, question } = trace;
  const { selectionLine, ruleLine, ruleName } = linesWith(placeOf);
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
    decided: verdict.rules.map(({ policy, rule }) => ruleName(policy, rule.path)),
    hidden: trace.hidden.slice(0, MAX_LINES).map(ruleLine),
    missing: missingTexts(verdict.missing),
  };
}

export const missingTexts = (facts: readonly MissingFact[]): readonly string[] => [
  ...new Set(facts.map(({ text }) => text)),
];

export const nameOf = ({ ref, manifest }: CompiledPolicy): PolicyName => ({
  kind: ref.kind,
  apiGroup: groupOf(manifest),
  namespace: ref.namespace,
  name: ref.name,
});

export const groupOf = ({ apiVersion }: Manifest): string =>
  apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';

function linesWith(placeOf: PlaceOf) {
  const placed = ({ manifest }: CompiledPolicy, path: ManifestPath) => {
    const place = placeOf(manifest, path);
    return place === undefined ? {} : { place };
  };
  const testLine =
    (policy: CompiledPolicy) =>
    ({ path, truth, expected, actual }: PredicateTrace): TestLine => ({
      ...{ path: pathText(path), ...placed(policy, path) },
      ...{ truth, expected, actual },
    });
  const ruleName = (policy: CompiledPolicy, path: ManifestPath): RuleName => ({
    ...{ policy: nameOf(policy), path: pathText(path) },
    ...placed(policy, path),
  });
  return {
    ruleName,
    selectionLine: ({ policy, predicates }: SelectionTrace): SelectionLine => ({
      ...{ policy: nameOf(policy), ...placed(policy, []) },
      tests: predicates.map(testLine(policy)),
    }),
    ruleLine: ({ policy, path, effect, truth, clauses }: RuleTrace): RuleLine => ({
      ...ruleName(policy, path),
      ...{ effect, truth },
      clauses: clauses.map((clause) => ({
        kind: clause.kind,
        truth: clause.truth,
        tests: clause.options[0]?.predicates.map(testLine(policy)) ?? [],
        others: Math.max(0, clause.options.length - 1),
        entries:
          clause.kind === 'l7'
            ? clause.options
                .slice(0, MAX_ENTRIES)
                .map(({ predicates }) => predicates.map(testLine(policy)))
            : [],
      })),
    }),
  };
}
