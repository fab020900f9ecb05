import type { ManifestPath } from '../../core/manifest.ts';
import { predicateOf } from '../predicates/predicate.ts';
import type { Predicate, Question } from '../form.ts';
import { askPod, missingPod, partyText } from '../predicates/parties.ts';
import { inNamespace } from '../predicates/pods.ts';
import { truthOf, type Truth } from '../truth.ts';
import { selectorWithoutGlobalAt } from './calico-selector-fields.ts';
import { hostEndpointOf, UNKNOWN_HOST } from './calico-hosts.ts';
import { hostItem, podItem, type Item } from './calico-items.ts';
import { accountTest, namespaceTest, selectorTest } from './calico-peer-tests.ts';
import { rememberPods, type ItemTest } from './calico-peers.ts';
import type { CalicoReferences } from './calico-references.ts';
import { fieldOf, type Place } from './manifest-fields.ts';

export type SubjectContext = {
  /** Empty for a global policy. */
  readonly namespace: string;
  readonly references: CalicoReferences;
  /** `preDNAT` and `doNotTrack` policies are for host endpoints alone. */
  readonly hostsOnly: boolean;
};

/** Whom a policy applies to: pods, and for a global one host endpoints. */
export function subjectPredicates(spec: Place, context: SubjectContext): readonly Predicate[] {
  const selector = selectorWithoutGlobalAt(fieldOf(spec, 'selector'));
  const namespaces = selectorWithoutGlobalAt(fieldOf(spec, 'namespaceSelector'));
  const accounts = selectorWithoutGlobalAt(fieldOf(spec, 'serviceAccountSelector'));
  const tests = [
    ...(namespaces === undefined ? [] : [namespaceTest(namespaces)]),
    ...(accounts === undefined ? [] : [accountTest(accounts)]),
    ...(selector === undefined ? [] : [selectorTest(selector, false)]),
  ];
  const scope =
    context.namespace === ''
      ? [endpointPredicate(spec.path, context)]
      : [inNamespace('subject', context.namespace, ['metadata', 'namespace'])];
  return [...scope, ...tests.map((test) => subjectPredicate(test, context))];
}

function endpointPredicate(path: ManifestPath, context: SubjectContext): Predicate {
  return predicateOf({
    path,
    about: 'entity',
    expected: context.hostsOnly ? 'a host endpoint' : 'a pod or host endpoint',
    test({ subject, subjectIp }) {
      if (subject.kind === 'pod') return truthOf(!context.hostsOnly);
      return hostEndpointOf(context.references, subject, subjectIp) === undefined ? 'no' : 'yes';
    },
    actual: ({ subject }) => partyText(subject),
    missing: ({ subject }) => ({ kind: 'peer', text: `what ${partyText(subject)} is` }),
  });
}

function subjectPredicate(itemTest: ItemTest, context: SubjectContext): Predicate {
  const holds = rememberPods(itemTest.holds);
  const hostOf = ({ subject, subjectIp }: Question): ReturnType<typeof hostEndpointOf> =>
    hostEndpointOf(context.references, subject, subjectIp);
  const itemOf = (question: Question): Item | undefined => {
    const { subject, world } = question;
    if (subject.kind === 'pod') return podItem(subject, world.facts);
    const host = hostOf(question);
    return host === undefined || host === UNKNOWN_HOST ? undefined : hostItem(host, world.facts);
  };
  const test = (question: Question): Truth => {
    const { subject, world } = question;
    if (subject.kind === 'pod') return askPod(subject, (pod) => holds(pod, world.facts));
    if (hostOf(question) === UNKNOWN_HOST) return 'unknown';
    const item = itemOf(question);
    return item === undefined ? 'no' : itemTest.holds(item);
  };
  return predicateOf({
    path: itemTest.path,
    about: itemTest.about,
    expected: itemTest.expected,
    test,
    actual(question) {
      const item = itemOf(question);
      return item === undefined ? partyText(question.subject) : itemTest.actual(item);
    },
    missing({ subject }) {
      const { kind, text } = itemTest.missing;
      if (subject.kind !== 'pod')
        return { kind: 'reference', text: `which host endpoint of ${partyText(subject)} is used` };
      return missingPod(subject) ?? { kind, text: `${text} of ${partyText(subject)}` };
    },
  });
}
