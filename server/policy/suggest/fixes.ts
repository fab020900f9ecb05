import { isRecord, valueAtPath, type ManifestPath } from '../../core/manifest.ts';
import type { Question } from '../form.ts';
import { labelValue, NAMESPACE_NAME } from '../labels.ts';
import { clauseHolds, predicatesHold, selects } from '../matching.ts';
import { serverOf } from '../predicates/parties.ts';
import type { ClauseTrace, RuleTrace } from '../trace.ts';
import { NAMESPACE_KEY } from './cilium-writer.ts';
import type { Edit } from './edit.ts';

/**
 * Mends the one thing that is wrong in the rule that comes nearest, where that takes nothing away from a pod that is
 * known: a namespace that was forgotten, the port of a service in place of that of its pods, a request that is refused.
 */
export function fixes(rule: RuleTrace, question: Question): readonly Edit[] {
  const failing = rule.clauses.filter(({ truth }) => truth !== 'yes');
  const [only] = failing;
  if (failing.length !== 1 || only === undefined || only.truth !== 'no') return [];
  switch (only.kind) {
    case 'peer':
      return namespaceFix(rule, only, question);
    case 'port':
      return portFix(rule, only, question);
    case 'l7':
      return requestFix(only, question);
    case 'authentication':
    case 'condition':
      return [];
  }
}

/** Labels alone mean pods of the policy's own namespace; where none there has them, another one was meant. */
function namespaceFix(
  rule: RuleTrace,
  { options: [nearest] }: ClauseTrace,
  question: Question,
): readonly Edit[] {
  const { policy } = rule;
  const failing = nearest?.predicates.filter(({ truth }) => truth !== 'yes') ?? [];
  if (nearest === undefined || failing.length !== 1 || failing[0]?.about !== 'namespace') return [];
  if (question.peer.kind !== 'pod' || policy.ref.namespace === '') return [];
  if (!nearest.predicates.some(({ about }) => about === 'labels')) return [];
  if (
    isNamespaceWritten(valueAtPath(policy.manifest, nearest.path)) ||
    isAnyAdmitted(rule, question)
  )
    return [];
  const { namespace } = question.peer;
  const set = (path: ManifestPath, value: unknown): Edit => ({ kind: 'set', path, value });
  switch (policy.family) {
    case 'k8s':
      return [
        set([...nearest.path, 'namespaceSelector'], {
          matchLabels: { [NAMESPACE_NAME]: namespace },
        }),
      ];
    case 'cilium':
      return [set([...nearest.path, 'matchLabels', NAMESPACE_KEY], namespace)];
    case 'calico': {
      const side = question.way === 'ingress' ? 'source' : 'destination';
      const text = `projectcalico.org/name == '${namespace}'`;
      return [set([...rule.path, side, 'namespaceSelector'], text)];
    }
    case 'npapi':
      return [];
  }
}

const isNamespaceWritten = (peer: unknown): boolean =>
  isRecord(peer) &&
  (peer['namespaceSelector'] !== undefined ||
    /namespace/.test(JSON.stringify([peer['matchLabels'] ?? {}, peer['matchExpressions'] ?? []])));

/** Whether the entry as it stands admits a pod that is known, from which the fix would take it away. */
function isAnyAdmitted(rule: RuleTrace, question: Question): boolean {
  const compiled = rule.policy.rules[question.way].find(({ path }) => path === rule.path);
  const options = compiled?.clauses.find(({ kind }) => kind === 'peer')?.options ?? [];
  // Addresses in lists with labels are found by selectors as pods are, and have no namespace to be found by.
  if (LISTED.some((kind) => question.world.references.byKind.has(kind))) return true;
  return [...question.world.facts.pods.values()].some((peer) =>
    options.some(
      (option) => predicatesHold(option, { ...question, peer, peerIp: peer.ips[0] }) !== 'no',
    ),
  );
}

const LISTED = ['NetworkSet', 'GlobalNetworkSet', 'HostEndpoint'];

/** A service leads the port that is written to the port that was used, which is the one that policies see. */
function portFix(
  rule: RuleTrace,
  { options: [nearest] }: ClauseTrace,
  question: Question,
): readonly Edit[] {
  const failing = nearest?.predicates.filter(({ truth }) => truth !== 'yes') ?? [];
  const [only] = failing;
  if (failing.length !== 1 || only?.about !== 'port') return [];
  const written = valueAtPath(rule.policy.manifest, only.path);
  const entry = valueAtPath(rule.policy.manifest, only.path.slice(0, -1));
  const isOne = typeof written === 'string' || typeof written === 'number';
  if (!isOne || (isRecord(entry) && entry['endPort'] !== undefined)) return [];
  const isLed = (each: Question): boolean => ledFrom(each, Number(written)) !== undefined;
  if (!isLed(question) || servedBy(rule, question)?.every(isLed) !== true) return [];
  const port = question.connection.port;
  const value = typeof written === 'string' ? String(port) : port;
  return [{ kind: 'set', path: only.path, value }];
}

/**
 * The connection to each of the pods whose port a rule names: all of them listen elsewhere where it is to be changed.
 * `undefined` where it may be about more than pods that are known.
 */
function servedBy(
  { policy, path }: RuleTrace,
  question: Question,
): readonly Question[] | undefined {
  const pods = [...question.world.facts.pods.values()];
  if (question.way === 'ingress')
    return policy.namespace === ''
      ? undefined
      : pods
          .map((subject) => ({ ...question, subject }))
          .filter((each) => selects(policy, each) !== 'no');
  const rule = policy.rules.egress.find((each) => each.path === path);
  const peers = rule?.clauses.filter(({ kind }) => kind === 'peer') ?? [];
  const tests = peers.flatMap(({ options }) => options.flatMap(({ predicates }) => predicates));
  if (peers.length === 0 || tests.some(({ about }) => about !== 'labels' && about !== 'namespace'))
    return undefined;
  return pods
    .map((peer) => ({ ...question, peer, peerIp: peer.ips[0] }))
    .filter((each) => peers.every((clause) => clauseHolds(clause, each) !== 'no'));
}

/** The service that leads a port of its own to the port of the pod that was used; its pods listen on no such port. */
export function ledFrom(question: Question, written: number): string | undefined {
  const server = serverOf(question);
  const { port, protocol } = question.connection;
  if (server.kind !== 'pod' || server.ports?.some((each) => each.port === written) === true)
    return undefined;
  const found = question.world.facts.services.find(
    ({ namespace, selector, ports }) =>
      namespace === server.namespace &&
      selector !== undefined &&
      [...selector].every(([key, value]) => labelValue(server.labels, key) === value) &&
      ports.some((each) => {
        const target =
          typeof each.targetPort === 'number'
            ? each.targetPort
            : server.ports?.find(({ name }) => name === each.targetPort)?.port;
        return each.port === written && each.protocol === protocol && target === port;
      }),
  );
  return found && `${found.namespace}/${found.name}`;
}

/** One more request in a list of HTTP rules, with what looks like an id in its path left open. */
function requestFix({ path }: ClauseTrace, { connection: { http } }: Question): readonly Edit[] {
  if (path.at(-1) !== 'http' || http?.method === undefined || http.path === undefined) return [];
  const [plain = ''] = http.path.split('?');
  const segments = plain.split('/').map(segmentPattern).join('/');
  return [{ kind: 'append', path, value: { method: http.method, path: segments } }];
}

function segmentPattern(segment: string): string {
  if (/^\d+$/.test(segment)) return '[0-9]+';
  if (/^[0-9a-f]{8}-[0-9a-f-]{27}$/i.test(segment)) return '[0-9a-fA-F-]+';
  return segment.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
