import type { Engine } from '../engine.ts';
import type { EndVerdict } from '../evaluate.ts';
import type { Way } from '../form.ts';
import { subjectMeta } from '../suggest/rule-writer.ts';
import { WRITERS } from '../suggest/writers.ts';
import type { Draft, DraftRule, RecommendOptions } from './draft.ts';
import { mergeRules } from './merge-rules.ts';
import { draftManifest } from './draft-manifest.ts';

type Subject<T> = {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly rules: Record<Way, DraftRule<T>[]>;
};

/** A policy for each set of pods at which something that is wanted would be denied. */
export function draftPolicies<T>(base: Engine, options: RecommendOptions<T>): readonly Draft<T>[] {
  const { family, wanted, namespaces, ways } = options;
  const writer = WRITERS[family];
  if (writer === undefined) throw new Error(`no rules are written in ${family}`);
  const subjects = new Map<string, Subject<T>>();
  for (const { judged, of } of wanted) {
    const judgement = base.judge(judged);
    for (const way of ways) {
      if (!isToBeAdmitted(judgement[way])) continue;
      const question = base.question(judgement.connection, way);
      if (question.subject.kind === 'pod' && !namespaces.includes(question.subject.namespace))
        continue;
      const meta = subjectMeta(question, '');
      const rule = meta && writer.rule(question, meta.metadata.namespace);
      // Told as what the drafts leave denied or open, where it is.
      if (meta === undefined || rule === undefined) continue;
      const subject = subjectOf(subjects, meta.metadata.namespace, meta.labels);
      subject.rules[way].push({ rule: rule as Record<string, unknown>, for: [of] });
    }
  }
  return named([...subjects.values()], options);
}

/** What is open is admitted too where a rule can say so: it passed when it was recorded. */
const isToBeAdmitted = (end: EndVerdict | undefined): boolean =>
  end !== undefined && end.verdict !== 'allow' && end.reason !== 'rule-deny';

function subjectOf<T>(
  subjects: Map<string, Subject<T>>,
  namespace: string,
  labels: Readonly<Record<string, string>>,
): Subject<T> {
  const key = JSON.stringify([namespace, labels]);
  let subject = subjects.get(key);
  if (subject === undefined) {
    subject = { namespace, labels, rules: { ingress: [], egress: [] } };
    subjects.set(key, subject);
  }
  return subject;
}

/** Names by the first label, in an order that does not depend on that of the records. */
function named<T>(
  subjects: readonly Subject<T>[],
  { family, manifests }: Pick<RecommendOptions<T>, 'family' | 'manifests'>,
): readonly Draft<T>[] {
  const taken = new Set(
    manifests.map(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`),
  );
  const key = ({ namespace, labels }: Subject<T>): string => JSON.stringify([namespace, labels]);
  return subjects
    .toSorted((one, other) => (key(one) < key(other) ? -1 : 1))
    .map(({ namespace, labels, rules }) => {
      const name = freeName(namespace, labels, taken);
      const merged = { ingress: mergeRules(rules.ingress), egress: mergeRules(rules.egress) };
      const draft = { namespace, name, labels, rules: merged };
      return { ...draft, manifest: draftManifest(draft, family) };
    });
}

function freeName(
  namespace: string,
  labels: Readonly<Record<string, string>>,
  taken: Set<string>,
): string {
  const stem = (Object.values(labels)[0] ?? 'pods')
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 50);
  for (let count = 1; ; count++) {
    const name = `${stem || 'pods'}-allow${count === 1 ? '' : `-${count}`}`;
    if (taken.has(`${namespace}/${name}`)) continue;
    taken.add(`${namespace}/${name}`);
    return name;
  }
}
