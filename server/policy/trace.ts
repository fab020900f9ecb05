import type { ManifestPath } from '../core/manifest.ts';
import type { Engine } from './engine.ts';
import type { EndVerdict } from './evaluate.ts';
import type {
  Clause,
  CompiledPolicy,
  Effect,
  Option,
  Predicate,
  PredicateReport,
  Question,
  Rule,
} from './form.ts';
import { clauseHolds, predicatesHold, ruleMatches, selects } from './matching.ts';
import type { Truth } from './truth.ts';

/** One thing that was tested, with what was expected and what was found. */
export type PredicateTrace = PredicateReport & Pick<Predicate, 'path' | 'about'>;

export type OptionTrace = {
  readonly path: ManifestPath;
  readonly truth: Truth;
  readonly predicates: readonly PredicateTrace[];
};

export type ClauseTrace = {
  readonly kind: Clause['kind'];
  readonly path: ManifestPath;
  readonly truth: Truth;
  /** The one that comes nearest stands first. */
  readonly options: readonly OptionTrace[];
};

export type RuleTrace = {
  readonly policy: CompiledPolicy;
  readonly stage: string;
  readonly path: ManifestPath;
  readonly effect: Effect;
  readonly truth: Truth;
  readonly clauses: readonly ClauseTrace[];
  /** Clauses that fail, or may; 0 where the rule matches. */
  readonly failing: number;
};

export type SelectionTrace = {
  readonly policy: CompiledPolicy;
  readonly truth: Truth;
  readonly predicates: readonly PredicateTrace[];
};

/** Everything that was weighed for one end. */
export type EndTrace = {
  readonly question: Question;
  readonly verdict: EndVerdict;
  readonly stages: Engine['stages'];
  /** Policies that were looked at. */
  readonly looked: number;
  readonly selected: readonly SelectionTrace[];
  /** Those that do not apply, and nearly would: the same namespace, or one label off. */
  readonly nearly: readonly SelectionTrace[];
  /** Rules of the policies that apply, nearest first. */
  readonly tried: readonly RuleTrace[];
  /** Rules that match and do not count, since another came before or wins. */
  readonly hidden: readonly RuleTrace[];
};

/** Policies that nearly apply are told of these many; the rest would bury them. */
const NEARLY = 5;

/** Says how an end was decided; `undefined` where it is not subject to policy. */
export function traceEnd(engine: Engine, question: Question): EndTrace | undefined {
  const verdict = engine.decide(question);
  if (verdict === undefined) return undefined;
  const policies = engine.stages.flatMap((stage) => stage.policies);
  const applying = new Set(verdict.selectedBy);
  const tried = engine.stages.flatMap((stage) =>
    stage.policies
      .filter((policy) => applying.has(policy))
      .flatMap((policy) =>
        policy.rules[question.way].map((rule) => traceRule(policy, rule, stage.name, question)),
      ),
  );
  const decided = new Set(verdict.rules.map(({ policy, rule }) => ruleKey(policy, rule.path)));
  return {
    question,
    verdict,
    stages: engine.stages,
    looked: policies.length,
    selected: verdict.selectedBy.map((policy) => traceSelection(policy, question)),
    nearly: nearlyApplying(policies, applying, question),
    tried: tried.toSorted(byNearness),
    hidden: tried.filter(
      ({ truth, policy, path, effect }) =>
        truth === 'yes' && effect !== 'log' && !decided.has(ruleKey(policy, path)),
    ),
  };
}

const ruleKey = ({ key }: CompiledPolicy, path: ManifestPath): string => `${key} ${path.join(' ')}`;

function nearlyApplying(
  policies: readonly CompiledPolicy[],
  applying: ReadonlySet<CompiledPolicy>,
  question: Question,
): readonly SelectionTrace[] {
  const { subject, way } = question;
  const namespace = subject.kind === 'pod' ? subject.namespace : '';
  return policies
    .filter(
      (policy) =>
        !applying.has(policy) &&
        policy.ways.has(way) &&
        (policy.namespace === '' || policy.namespace === namespace),
    )
    .map((policy) => traceSelection(policy, question))
    .filter(({ predicates }) => predicates.filter(({ truth }) => truth === 'no').length === 1)
    .slice(0, NEARLY);
}

function traceSelection(policy: CompiledPolicy, question: Question): SelectionTrace {
  return {
    policy,
    truth: selects(policy, question),
    predicates: policy.subject.map((predicate) => tracePredicate(predicate, question)),
  };
}

const tracePredicate = (predicate: Predicate, question: Question): PredicateTrace => ({
  ...predicate.report(question),
  path: predicate.path,
  about: predicate.about,
});

function traceRule(
  policy: CompiledPolicy,
  rule: Rule,
  stage: string,
  question: Question,
): RuleTrace {
  const clauses = rule.clauses.map((clause) => traceClause(clause, question));
  return {
    policy,
    stage,
    path: rule.path,
    effect: rule.effect,
    truth: ruleMatches(rule, question),
    clauses,
    failing: clauses.filter(({ truth }) => truth !== 'yes').length,
  };
}

function traceClause(clause: Clause, question: Question): ClauseTrace {
  return {
    kind: clause.kind,
    path: clause.path,
    truth: clauseHolds(clause, question),
    options: clause.options
      .map((option) => traceOption(option, question))
      .toSorted((a, b) => failures(a) - failures(b)),
  };
}

function traceOption(option: Option, question: Question): OptionTrace {
  return {
    path: option.path,
    truth: predicatesHold(option, question),
    predicates: option.predicates.map((predicate) => tracePredicate(predicate, question)),
  };
}

/** What is not known counts half: it may hold. */
const failures = ({ predicates }: OptionTrace): number =>
  predicates.reduce(
    (sum, { truth }) => sum + (truth === 'no' ? 1 : truth === 'unknown' ? 0.5 : 0),
    0,
  );

/** Fewest failing clauses first, then fewest failing tests in the option that comes nearest. */
function byNearness(a: RuleTrace, b: RuleTrace): number {
  return a.failing - b.failing || nearest(a) - nearest(b);
}

const nearest = ({ clauses }: RuleTrace): number =>
  clauses.reduce((sum, { options: [best] }) => sum + (best === undefined ? 1 : failures(best)), 0);

/** Whether an end's selection is sure, for sentences such as "2 policies select it". */
export const surelySelected = ({ selected }: EndTrace): readonly SelectionTrace[] =>
  selected.filter(({ truth }) => truth === 'yes');
