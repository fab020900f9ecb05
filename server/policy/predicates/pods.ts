import type { ManifestPath } from '../../core/manifest.ts';
import type { Party, PodParty } from '../facts.ts';
import type { MissingFact, Predicate, Question } from '../form.ts';
import {
  labelValue,
  namespaceLabels,
  requirementHolds,
  requirementText,
  type LabelRequirement,
} from '../labels.ts';
import { truthOf, type Truth } from '../truth.ts';
import { askPod, missingPod, noPodText, partyText, type End } from './parties.ts';

type PodQuestion = {
  readonly end: End;
  readonly path: ManifestPath;
  readonly about: Predicate['about'];
  readonly expected: string;
  test(pod: PodParty, question: Question): Truth;
  actual(pod: PodParty, question: Question): string;
  /** What is missing where the test itself is open. */
  missing(pod: PodParty): MissingFact;
  /** Whether every pod passes, one of which nothing is known too. */
  readonly isAny?: boolean;
};

function podPredicate(asked: PodQuestion): Predicate {
  const partyOf = (question: Question): Party => question[asked.end];
  const test = (question: Question): Truth => {
    const party = partyOf(question);
    const isPod = party.kind === 'unresolved' && party.takenAs === 'pod';
    return isPod && asked.isAny === true
      ? 'yes'
      : askPod(party, (pod) => asked.test(pod, question));
  };
  return {
    path: asked.path,
    about: asked.about,
    test,
    report(question) {
      const party = partyOf(question);
      const truth = test(question);
      const report = {
        truth,
        expected: asked.expected,
        actual:
          party.kind === 'pod' ? asked.actual(party, question) : (noPodText(party) ?? 'no pod'),
      };
      if (truth !== 'unknown') return report;
      const open = party.kind === 'pod' && asked.test(party, question) === 'unknown';
      const missing = open ? asked.missing(party) : missingPod(party);
      return missing === undefined ? report : { ...report, missing };
    },
  };
}

/** A label of the pod itself. */
export const podLabel = (end: End, requirement: LabelRequirement, path: ManifestPath): Predicate =>
  podPredicate({
    end,
    path,
    about: 'labels',
    expected: requirementText(requirement),
    test: ({ labels }) => requirementHolds(labels, requirement),
    actual: ({ labels }) => labelText(requirement.key, labelValue(labels, requirement.key)),
    missing: (pod) => ({
      kind: 'labels',
      text: `the label ${requirement.key} of ${partyText(pod)}`,
    }),
  });

/** A label of the pod's namespace. */
export const namespaceLabel = (
  end: End,
  requirement: LabelRequirement,
  path: ManifestPath,
): Predicate =>
  podPredicate({
    end,
    path,
    about: 'namespace',
    expected: `namespace with ${requirementText(requirement)}`,
    test: ({ namespace }, { world }) =>
      requirementHolds(namespaceLabels(world.facts, namespace), requirement),
    actual: ({ namespace }, { world }) => {
      const value = labelValue(namespaceLabels(world.facts, namespace), requirement.key);
      return `namespace ${namespace}, ${labelText(requirement.key, value)}`;
    },
    missing: ({ namespace }) => ({
      kind: 'namespace-labels',
      text: `the label ${requirement.key} of namespace ${namespace}`,
    }),
  });

/** A pod of one namespace, by name. */
export const inNamespace = (end: End, namespace: string, path: ManifestPath): Predicate =>
  podPredicate({
    end,
    path,
    about: 'namespace',
    expected: `a pod of namespace ${namespace}`,
    test: (pod) => truthOf(pod.namespace === namespace),
    actual: (pod) => `namespace ${pod.namespace}`,
    missing: (pod) => ({ kind: 'peer', text: `the namespace of ${partyText(pod)}` }),
  });

/** Any pod of the cluster: neither an outside address nor a node. */
export const anyPod = (end: End, path: ManifestPath): Predicate =>
  podPredicate({
    end,
    path,
    about: 'entity',
    expected: 'a pod of the cluster',
    isAny: true,
    test: () => 'yes',
    actual: partyText,
    missing: (pod) => ({ kind: 'peer', text: `what ${partyText(pod)} is` }),
  });

export const labelText = (key: string, value: string | null | undefined): string =>
  value === undefined
    ? `label ${key} not known`
    : value === null
      ? `no label ${key}`
      : `${key}=${value}`;
