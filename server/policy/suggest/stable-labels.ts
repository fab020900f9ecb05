import type { ClusterFacts, PodParty } from '../facts.ts';

/** Labels that differ between the pods of one workload, or change with each roll-out. */
const UNSTABLE = [
  'pod-template-hash',
  'controller-revision-hash',
  'pod-template-generation',
  'statefulset.kubernetes.io/pod-name',
  'apps.kubernetes.io/pod-index',
  'batch.kubernetes.io/controller-uid',
  'batch.kubernetes.io/job-name',
  'batch.kubernetes.io/job-completion-index',
  'controller-uid',
  'job-name',
];

/** Labels that people name workloads by; the first that a pod has is taken before others. */
const NAMING = [
  'app.kubernetes.io/name',
  'app',
  'k8s-app',
  'name',
  'app.kubernetes.io/component',
  'component',
];

/** Few labels that select a pod and others like it; `undefined` when it has none that last. */
export function stableLabels(
  pod: PodParty,
  facts: ClusterFacts,
): Readonly<Record<string, string>> | undefined {
  const labels = [...pod.labels.known].filter(([key]) => !UNSTABLE.includes(key)).toSorted(byName);
  const [first] = labels;
  if (first === undefined) return undefined;
  const others = [...facts.pods.values()].filter(
    (other) => other.namespace === pod.namespace && !isAlike(other, labels),
  );
  const chosen: (readonly [string, string])[] = [];
  let left = others;
  for (const [key, value] of labels) {
    const next = left.filter((other) => other.labels.known.get(key) === value);
    // The first always: a selector of nothing selects everything.
    if (chosen.length > 0 && next.length === left.length) continue;
    chosen.push([key, value]);
    left = next;
    if (left.length === 0) break;
  }
  return Object.fromEntries(chosen);
}

const rank = (key: string): number => {
  const at = NAMING.indexOf(key);
  return at < 0 ? NAMING.length : at;
};

const byName = ([a]: readonly [string, string], [b]: readonly [string, string]): number =>
  rank(a) - rank(b) || (a < b ? -1 : 1);

/** A pod with the same lasting labels cannot be told apart, and need not be. */
const isAlike = (other: PodParty, labels: readonly (readonly [string, string])[]): boolean =>
  labels.every(([key, value]) => other.labels.known.get(key) === value);
