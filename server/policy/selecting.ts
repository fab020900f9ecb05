import type { Party } from './facts.ts';
import type { CompiledPolicy, Question, Stage, Way } from './form.ts';
import { selects } from './matching.ts';
import type { Selected, SelectingStage } from './outcome.ts';

/** Finds the policies of a stage that apply to an end once for each end, since ends are asked about many times. */
export function selectingStage(stage: Stage): SelectingStage {
  const byNamespace = Map.groupBy(stage.policies, ({ namespace }) => namespace);
  const found: Record<Way, WeakMap<Party, readonly Selected[]>> = {
    ingress: new WeakMap(),
    egress: new WeakMap(),
  };
  return {
    ...stage,
    select(question) {
      const { way, subject } = question;
      let selected = found[way].get(subject);
      if (selected === undefined) {
        selected = selectedAmong(candidates(stage.policies, byNamespace, subject), question);
        found[way].set(subject, selected);
      }
      return selected;
    },
  };
}

/** Keeps the order of the stage, since for some it decides. */
function candidates(
  policies: readonly CompiledPolicy[],
  byNamespace: ReadonlyMap<string, readonly CompiledPolicy[]>,
  subject: Party,
): readonly CompiledPolicy[] {
  const everywhere = byNamespace.get('') ?? [];
  if (subject.kind !== 'pod') return everywhere;
  const own = byNamespace.get(subject.namespace) ?? [];
  if (own.length === 0 || everywhere.length === 0) return own.length === 0 ? everywhere : own;
  const wanted = new Set([...everywhere, ...own]);
  return policies.filter((policy) => wanted.has(policy));
}

function selectedAmong(
  policies: readonly CompiledPolicy[],
  question: Question,
): readonly Selected[] {
  return policies.flatMap((policy) => {
    if (!policy.ways.has(question.way)) return [];
    const truth = selects(policy, question);
    return truth === 'no' ? [] : [{ policy, truth }];
  });
}
