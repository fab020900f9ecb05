import type { Engine } from '../engine.ts';
import type { Way } from '../form.ts';
import type { Draft, RecommendOptions, Wanted } from './draft.ts';
import { draftPolicies } from './drafts.ts';
import { withoutNeedless } from './needless.ts';

export type Recommendation<T> = {
  /** By namespace and name. What existing policies admit is in none of them. */
  readonly drafts: readonly Draft<T>[];
  /** Connections that no draft could be written for, and why. */
  readonly open: readonly { readonly of: T; readonly way: Way; readonly why: string }[];
  /** Weighs existing policies, those that isolate, and the drafts. */
  readonly engine: Engine;
};

/**
 * The least that has to be admitted once pods are isolated: policies whose rules each admit something that was recorded
 * and nothing else admits. All that is wanted is weighed again by them; what they would not let through is `open`.
 */
export function recommend<T>(options: RecommendOptions<T>): Recommendation<T> {
  const { manifests, isolating, wanted, dataplane, builder } = options;
  const isolated = [...manifests, ...isolating];
  const base = builder.build(isolated, dataplane);
  const written = draftPolicies(base, options);
  const withDrafts = (drafts: readonly Draft<T>[]): Engine =>
    builder.build([...isolated, ...drafts.map(({ manifest }) => manifest)], dataplane);
  const drafts = withoutNeedless(written, { wanted, withDrafts });
  const engine = withDrafts(drafts);
  const present = builder.build(manifests, dataplane);
  // What is denied or open whatever is isolated is no matter of this change.
  const concerned = wanted.filter(
    ({ judged }) => present.judge(judged).verdict !== engine.judge(judged).verdict,
  );
  return { drafts, open: stillDenied(engine, concerned), engine };
}

function stillDenied<T>(engine: Engine, wanted: readonly Wanted<T>[]): Recommendation<T>['open'] {
  return wanted.flatMap(({ judged, of }) => {
    const { verdict, egress, ingress } = engine.judge(judged);
    if (verdict === 'allow') return [];
    const way = ingress?.verdict === verdict ? 'ingress' : 'egress';
    const end = way === 'ingress' ? ingress : egress;
    const why =
      verdict === 'undetermined'
        ? `not known: ${(end?.missing ?? []).map(({ text }) => text).join('; ')}`
        : end?.reason === 'rule-deny'
          ? 'a rule that stays as it is denies it'
          : 'no rule for it can be written: an end has no labels that last, or no words in this dialect';
    return { of, way, why } as const;
  });
}
