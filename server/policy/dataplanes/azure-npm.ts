import { isRecord, type ManifestPath } from '../../core/manifest.ts';
import { canonicalAddress } from '../../query/address.ts';
import { labelValue } from '../labels.ts';
import type {
  Clause,
  CompiledPolicy,
  DataplaneRules,
  MissingFact,
  Predicate,
  Question,
  Rule,
  Unmatched,
  World,
} from '../form.ts';
import { partyText } from '../predicates/parties.ts';
import { predicateOf } from '../predicates/predicate.ts';
import { truthOf, type Truth } from '../truth.ts';
import { beforePod } from './before-pod.ts';
import { DENIED, deniedPerhaps, unionStage } from './kubernetes.ts';

/** Azure NPM: the union of NetworkPolicy, written into the packet filter of each node. */
export const azureNpmRules: DataplaneRules = {
  enforces: (family) => family === 'k8s',
  before: beforePod,
  stages: (policies) => [
    { ...unionStage(policies.flatMap(asTranslated), denied), selectsByNode: true },
  ],
};

/**
 * NPM leaves out what it cannot translate, and tells nobody: blocks of IPv6 everywhere, and on Windows nodes whatever
 * their filter lacks.
 */
function asTranslated(policy: CompiledPolicy): readonly CompiledPolicy[] {
  if (policy.family !== 'k8s') return [];
  const features = [...featuresOf(policy.manifest['spec'], ['spec'])];
  if (features.some(({ windowsOnly }) => !windowsOnly)) return [];
  const subject = features.slice(0, 1).map(({ path, text }) => notOnWindows(path, text));
  const rules = { ingress: policy.rules.ingress.map(ipv4), egress: policy.rules.egress.map(ipv4) };
  return [{ ...policy, subject: [...policy.subject, ...subject], rules }];
}

type Feature = {
  readonly path: ManifestPath;
  readonly text: string;
  readonly windowsOnly: boolean;
};

/** Parts of a policy that some nodes cannot translate. */
function* featuresOf(value: unknown, path: ManifestPath): Generator<Feature> {
  if (Array.isArray(value))
    for (const [at, item] of value.entries()) yield* featuresOf(item, [...path, at]);
  if (!isRecord(value)) return;
  for (const [name, held] of Object.entries(value)) {
    const text = featureText(name, held);
    const isV6 = name === 'cidr' && typeof held === 'string' && held.includes(':');
    if (text !== undefined || isV6)
      yield { path: [...path, name], text: text ?? 'IPv6', windowsOnly: !isV6 };
    // Labels may be called like fields.
    else if (name !== 'matchLabels') yield* featuresOf(held, [...path, name]);
  }
}

function featureText(name: string, held: unknown): string | undefined {
  if (name === 'port' && typeof held === 'string') return 'named ports';
  if (name === 'operator' && (held === 'NotIn' || held === 'DoesNotExist')) return held;
  if (name === 'except' && Array.isArray(held) && held.length > 0) return 'except';
  return name === 'protocol' && held === 'SCTP' ? 'SCTP' : undefined;
}

function notOnWindows(path: ManifestPath, text: string): Predicate {
  const test = ({ subject, world }: Question): Truth => {
    const system = subject.kind === 'pod' ? systemOf(subject.node, world) : null;
    return system === undefined ? 'unknown' : truthOf(system !== 'windows');
  };
  return predicateOf({
    path,
    about: 'other',
    expected: `a Linux node, since NPM on Windows has no ${text}`,
    test,
    actual: (question) => SYSTEM_TEXT[test(question)],
    missing: ({ subject }) => ({
      kind: 'labels',
      text: `the operating system of the node of ${partyText(subject)}`,
    }),
  });
}

const SYSTEM_TEXT = { yes: 'a Linux node', no: 'a Windows node', unknown: 'not known' } as const;

/** `null`: the node says none, as no real one does. `undefined`: not known. */
function systemOf(node: string | undefined, { facts }: World): string | null | undefined {
  if (node === undefined) return undefined;
  if (node === '') return null;
  const labels = facts.nodes.get(node)?.labels;
  return labels === undefined ? undefined : labelValue(labels, 'kubernetes.io/os');
}

/** An IPv4 address that is written as an IPv6 one is IPv4. */
const isIpv6 = ({ subjectIp, peerIp }: Question): boolean =>
  [subjectIp, peerIp].some((ip) => ip !== undefined && canonicalAddress(ip)?.includes(':'));

const IPV6: MissingFact = {
  kind: 'version',
  text: 'what NPM, which has no IPv6, does to IPv6 of an isolated pod',
};

/** Whether a rule admits IPv6 is open, whatever it says. */
const ipv4 = (rule: Rule): Rule => ({ ...rule, clauses: [...rule.clauses, ipv4Clause(rule.path)] });

const ipv4Clause = (path: ManifestPath): Clause => ({
  kind: 'condition',
  path,
  options: [{ path, predicates: [ipv4Predicate(path)] }],
});

const ipv4Predicate = (path: ManifestPath): Predicate =>
  predicateOf({
    path,
    about: 'other',
    expected: 'IPv4',
    test: (question) => (isIpv6(question) ? 'unknown' : 'yes'),
    actual: (question) => (isIpv6(question) ? 'IPv6' : 'IPv4'),
    missing: () => IPV6,
  });

/** Nor is it known that what no rule admits is dropped. */
const denied = (question: Question): Unmatched['outcomes'] =>
  isIpv6(question) ? deniedPerhaps('version-dependent', IPV6) : DENIED;
