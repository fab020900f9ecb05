import { combine } from './combine.ts';
import type {
  Before,
  CompiledPolicy,
  DataplaneRules,
  MissingFact,
  Question,
  Reason,
} from './form.ts';
import { missingIn } from './matching.ts';
import type { Outcome, RuleRef, Selected, SelectingStage } from './outcome.ts';

/** What one end decides. */
export type EndVerdict = {
  readonly verdict: 'allow' | 'deny' | 'undetermined';
  readonly reason: Reason;
  /** The stage that decided; empty where none did. */
  readonly stage: string;
  /** Policies that apply to the end in this direction, those that may do so included. */
  readonly selectedBy: readonly CompiledPolicy[];
  readonly decidedBy: readonly CompiledPolicy[];
  readonly rules: readonly RuleRef[];
  /** What would decide it, where it is undetermined. */
  readonly missing: readonly MissingFact[];
};

type StageResult = {
  readonly outcomes: readonly Outcome[];
  readonly selected: readonly Selected[];
  readonly missing: readonly MissingFact[];
};

/** `undefined`: that end is not subject to policy. */
export function evaluateEnd(
  question: Question,
  rules: DataplaneRules,
  stages: readonly SelectingStage[],
): EndVerdict | undefined {
  const before = rules.before(question);
  if (before?.outcome === 'not-subject') return undefined;
  if (before !== undefined && before.outcome !== 'maybe-allow') return decidedBefore(before);
  const verdict = runStages(question, stages);
  return before === undefined ? verdict : allowedOr(verdict, before);
}

function decidedBefore(
  before: Exclude<Before, { outcome: 'not-subject' | 'maybe-allow' }>,
): EndVerdict {
  return {
    verdict: before.outcome,
    reason: before.reason,
    stage: '',
    selectedBy: [],
    decidedBy: [],
    rules: [],
    missing: before.outcome === 'undetermined' ? [before.missing] : [],
  };
}

function allowedOr(verdict: EndVerdict, before: Before & { outcome: 'maybe-allow' }): EndVerdict {
  return verdict.verdict === 'allow'
    ? verdict
    : {
        ...verdict,
        verdict: 'undetermined',
        reason: before.reason,
        missing: [before.missing, ...verdict.missing],
      };
}

function runStages(question: Question, stages: readonly SelectingStage[]): EndVerdict {
  const final: (Outcome & { readonly stage: string })[] = [];
  // Policies of stages that are not reached apply all the same, and a person looks for them.
  const selectedBy = stages.flatMap((stage) => stage.select(question).map(({ policy }) => policy));
  const missing: MissingFact[] = [];
  let open: readonly Outcome[] = [NOTHING_SELECTS];
  for (const stage of stages) {
    const result = runStage(stage, question);
    missing.push(...result.missing);
    final.push(
      ...result.outcomes
        .filter(({ outcome }) => outcome !== 'next')
        .map((outcome) => ({ ...outcome, stage: stage.name })),
    );
    const next = result.outcomes.filter(({ outcome }) => outcome === 'next');
    if (next.length === 0) {
      open = [];
      break;
    }
    if (result.selected.length > 0) open = next;
  }
  // What goes on after the last stage is allowed, for the reason why it went on.
  for (const outcome of open) final.push({ ...outcome, outcome: 'allow', stage: '' });
  return together(final, selectedBy, missing);
}

const NOTHING_SELECTS: Outcome = { outcome: 'next', reason: 'no-policy', policies: [], rules: [] };

function together(
  outcomes: readonly (Outcome & { readonly stage: string })[],
  selectedBy: readonly CompiledPolicy[],
  missing: readonly MissingFact[],
): EndVerdict {
  const [first] = outcomes;
  if (first === undefined || first.outcome === 'next')
    throw new Error('a stage without an outcome');
  const agreed = outcomes.every(({ outcome }) => outcome === first.outcome);
  if (!agreed)
    return {
      verdict: 'undetermined',
      reason: openReason(missing),
      stage: first.stage,
      selectedBy,
      // Those whose rules are open, and not those that deny what no rule admits.
      decidedBy: policiesOf(outcomes.filter(({ rules }) => rules.length > 0)),
      rules: [],
      missing,
    };
  const sameReason = outcomes.every(({ reason }) => reason === first.reason);
  return {
    verdict: first.outcome,
    reason: sameReason ? first.reason : 'varies',
    stage: first.stage,
    selectedBy,
    decidedBy: policiesOf(outcomes),
    rules: outcomes.flatMap(({ rules }) => rules),
    missing: [],
  };
}

const policiesOf = (outcomes: readonly Outcome[]): readonly CompiledPolicy[] => [
  ...new Set(outcomes.flatMap(({ policies }) => policies)),
];

const OPEN_REASONS: Partial<Record<MissingFact['kind'], Reason>> = {
  peer: 'peer-unknown',
  dns: 'peer-unknown',
  l7: 'l7-unknown',
  authentication: 'auth-unknown',
  ambiguous: 'ambiguous',
  protocol: 'protocol-unspecified',
  loopback: 'loopback-unspecified',
  version: 'version-dependent',
};

const openReason = (missing: readonly MissingFact[]): Reason =>
  OPEN_REASONS[missing[0]?.kind ?? 'labels'] ?? 'insufficient-data';

function runStage(stage: SelectingStage, question: Question): StageResult {
  const selected = stage.select(question);
  const missing: MissingFact[] = [];
  for (const { policy, truth } of selected)
    if (truth === 'unknown') missing.push(...missingIn(policy.subject, question));
  return { outcomes: combine(stage, selected, question, missing), selected, missing };
}
