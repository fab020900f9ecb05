import type { Engine } from '../engine.ts';
import type { Draft, Wanted } from './draft.ts';
import { withRules } from './draft-manifest.ts';

type NeedlessOptions<T> = {
  readonly wanted: readonly Wanted<T>[];
  readonly withDrafts: (drafts: readonly Draft<T>[]) => Engine;
};

/**
 * Drafts without the rules that others make needless: a peer's labels may select another workload's pods too. Policies
 * that allow add up, so what is needed now stays needed when more is left out, and one round is enough.
 */
export function withoutNeedless<T>(
  drafts: readonly Draft<T>[],
  { wanted, withDrafts }: NeedlessOptions<T>,
): readonly Draft<T>[] {
  const all = withDrafts(drafts);
  const passing = new Map(
    wanted
      .filter(({ judged }) => all.judge(judged).verdict === 'allow')
      .map((each) => [each.of, each]),
  );
  let kept = drafts;
  for (const { namespace, name } of drafts)
    for (const way of ['egress', 'ingress'] as const) {
      // From the last: leaving out one moves those behind it.
      const count = ruleCount(kept, namespace, name, way);
      for (let at = count - 1; at >= 0; at--) {
        const fewer = kept.map((draft) =>
          draft.namespace === namespace && draft.name === name
            ? withRules(draft, way, draft.rules[way].toSpliced(at, 1))
            : draft,
        );
        const rule = ruleAt(kept, namespace, name, way, at);
        const concerned = (rule?.for ?? []).flatMap((of) => passing.get(of) ?? []);
        const engine = withDrafts(fewer);
        if (concerned.every(({ judged }) => engine.judge(judged).verdict === 'allow')) kept = fewer;
      }
    }
  return kept;
}

const find = <T>(drafts: readonly Draft<T>[], namespace: string, name: string) =>
  drafts.find((draft) => draft.namespace === namespace && draft.name === name);

const ruleCount = <T>(
  drafts: readonly Draft<T>[],
  namespace: string,
  name: string,
  way: 'ingress' | 'egress',
): number => find(drafts, namespace, name)?.rules[way].length ?? 0;

const ruleAt = <T>(
  drafts: readonly Draft<T>[],
  namespace: string,
  name: string,
  way: 'ingress' | 'egress',
  at: number,
) => find(drafts, namespace, name)?.rules[way][at];
