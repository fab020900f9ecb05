import type { Party, PodParty } from './facts.ts';
import type { CompiledPolicy, Question, Stage, Way } from './form.ts';
import { selects } from './matching.ts';
import type { Selected, SelectingStage } from './outcome.ts';

/**
 * Finds the policies of a stage that apply to an end once for all ends that policies cannot tell apart, since ends are
 * asked about many times, and the pods of a workload are alike.
 */
export function selectingStage(stage: Stage): SelectingStage {
  const byNamespace = Map.groupBy(stage.policies, ({ namespace }) => namespace);
  const found: Record<Way, Map<string, readonly Selected[]>> = {
    ingress: new Map(),
    egress: new Map(),
  };
  return {
    ...stage,
    select(question) {
      const { way, subject } = question;
      // Which policies a node is subject to may depend on the address that was used.
      if (subject.kind !== 'pod')
        return selectedAmong(candidates(stage.policies, byNamespace, subject), question);
      const kind = kindOfPod(subject);
      const key = stage.selectsByNode === true ? JSON.stringify([kind, subject.node]) : kind;
      let selected = found[way].get(key);
      if (selected === undefined) {
        selected = selectedAmong(candidates(stage.policies, byNamespace, subject), question);
        if (found[way].size >= MAX_KNOWN) found[way].clear();
        found[way].set(key, selected);
      }
      return selected;
    },
  };
}

/** Kinds of pods that are known at once. */
const MAX_KNOWN = 100_000;

const kinds = new WeakMap<PodParty, string>();

/** Everything of a pod, besides its node, that the subject of a policy can depend on. */
function kindOfPod(pod: PodParty): string {
  let kind = kinds.get(pod);
  if (kind === undefined) {
    const labels = [...pod.labels.known].map((label) => label.join('=')).sort();
    const { namespace, serviceAccount, hostNetwork } = pod;
    kind = JSON.stringify([namespace, serviceAccount, hostNetwork, pod.labels.complete, labels]);
    kinds.set(pod, kind);
  }
  return kind;
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
