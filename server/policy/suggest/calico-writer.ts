import { isRecord } from '../../core/manifest.ts';
import type { ClusterFacts, Party } from '../facts.ts';
import type { CompiledPolicy, Question } from '../form.ts';
import { hasPorts } from '../predicates/ports.ts';
import type { EndTrace } from '../trace.ts';
import {
  addressBlock,
  isIngress,
  labelsOf,
  numberedPort,
  subjectMeta,
  type RuleWriter,
} from './rule-writer.ts';

const selectorOf = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .map(([key, value]) => `${key} == '${value}'`)
    .join(' && ');

export const calicoWriter: RuleWriter = {
  family: 'calico',
  // Past the end of a tier the next one decides, and may admit it already.
  variants: (rule, trace, policy) =>
    trace.verdict.reason === 'tier-default-deny' && isLastToAllow(policy, trace)
      ? [{ ...(rule as Record<string, unknown>), action: 'Pass' }, rule]
      : [rule],
  rulesPath: ({ way }) => ['spec', way],
  peersField: undefined,
  portsField: undefined,
  peer: () => undefined,
  port: numberedPort,
  rule: (question, namespace) => calicoRule(question, namespace, {}),
  policies(question, name, tier) {
    const meta = subjectMeta(question, tier === undefined ? name : `${tier}.${name}`);
    const rule = meta && calicoWriter.rule(question, meta.metadata.namespace);
    if (meta === undefined || rule === undefined) return [];
    return [
      {
        apiVersion: 'projectcalico.org/v3',
        kind: 'NetworkPolicy',
        metadata: meta.metadata,
        spec: {
          ...(tier === undefined ? {} : { tier }),
          selector: selectorOf(meta.labels),
          types: [isIngress(question) ? 'Ingress' : 'Egress'],
          [question.way]: [rule],
        },
      },
    ];
  },
};

/** Whether no policy behind it in its tier allows anything, which a Pass before it would lead past. */
function isLastToAllow(policy: CompiledPolicy, { stages, question }: EndTrace): boolean {
  const { policies = [] } = stages.find((stage) => stage.policies.includes(policy)) ?? {};
  return policies
    .slice(policies.indexOf(policy) + 1)
    .every(({ rules }) => rules[question.way].every(({ effect }) => effect !== 'allow'));
}

/** A rule that admits the connection; `subject` narrows it at the end that the policy applies to. */
function calicoRule(
  question: Question,
  namespace: string,
  subject: Readonly<Record<string, unknown>>,
): Record<string, unknown> | undefined {
  const { peer, peerIp, world, connection } = question;
  const { protocol, icmp } = connection;
  const other = calicoPeer(peer, peerIp, world.facts, namespace);
  const port = numberedPort(question);
  if (other === undefined || protocol === '' || (port === undefined && hasPorts(protocol)))
    return undefined;
  const [source, server] = isIngress(question) ? [other, subject] : [subject, other];
  const destination = { ...server, ...(port === undefined ? {} : { ports: [port.port] }) };
  return {
    action: 'Allow',
    protocol,
    ...(icmp === undefined ? {} : { icmp: { type: icmp.type } }),
    ...(isEmpty(source) ? {} : { source }),
    ...(isEmpty(destination) ? {} : { destination }),
  };
}

const isEmpty = (record: Readonly<Record<string, unknown>>): boolean =>
  Object.keys(record).length === 0;

/**
 * A rule to stand before one that denies. It is for pods like the one that asks alone, since whoever wrote the denial
 * may have meant all others.
 */
export function calicoException(question: Question, policy: CompiledPolicy): unknown {
  const { subject, world } = question;
  if (subject.kind !== 'pod') return undefined;
  const { namespace } = policy.ref;
  const own = calicoPeer(subject, undefined, world.facts, namespace);
  const spec = isRecord(policy.manifest['spec']) ? policy.manifest['spec'] : {};
  if (own === undefined) return undefined;
  const isSaid = namespace !== '' && spec['selector'] === own['selector'];
  return calicoRule(question, namespace, isSaid ? {} : own);
}

function calicoPeer(
  peer: Party,
  ip: string | undefined,
  facts: ClusterFacts,
  namespace: string,
): Record<string, unknown> | undefined {
  if (peer.kind !== 'pod') {
    const cidr = addressBlock(peer, ip);
    return cidr === undefined ? undefined : { nets: [cidr] };
  }
  const labels = labelsOf(peer, facts);
  if (labels === undefined) return undefined;
  const selector = selectorOf(labels);
  return peer.namespace === namespace
    ? { selector }
    : { namespaceSelector: `projectcalico.org/name == '${peer.namespace}'`, selector };
}
