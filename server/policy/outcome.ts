import type { CompiledPolicy, Question, Reason, Rule, Stage } from './form.ts';
import type { Truth } from './truth.ts';

export type RuleRef = { readonly policy: CompiledPolicy; readonly rule: Rule };

/** One way in which the evaluation may go, since a fact may be missing. */
export type Outcome = {
  readonly outcome: 'allow' | 'deny' | 'next';
  readonly reason: Reason;
  readonly policies: readonly CompiledPolicy[];
  readonly rules: readonly RuleRef[];
};

/** A policy that applies to an end, or may. */
export type Selected = { readonly policy: CompiledPolicy; readonly truth: Truth };

/** A stage with the policies that may select an end, found once for each end. */
export type SelectingStage = Stage & { select(question: Question): readonly Selected[] };
