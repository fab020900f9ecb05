import type { Manifest, ManifestPath } from '../../core/manifest.ts';
import type { ClusterFacts, Party, PodParty } from '../facts.ts';
import type { Family, Question } from '../form.ts';
import { NAMESPACE_NAME } from '../labels.ts';
import { hasPorts } from '../predicates/ports.ts';
import type { EndTrace } from '../trace.ts';
import { stableLabels } from './stable-labels.ts';

/** Writes rules in one dialect. `undefined` where the dialect cannot say it, or a fact is missing. */
export type RuleWriter = {
  readonly family: Family;
  /** List of rules in which those of a way stand. */
  rulesPath(question: Question): ManifestPath;
  /** Field of a rule with its peers; `undefined` where a rule's peers cannot be added to. */
  readonly peersField: ((question: Question) => string) | undefined;
  /** Field of a rule with its ports; likewise. */
  readonly portsField: string | undefined;
  peer(question: Question, namespace: string): unknown;
  port(question: Question): unknown;
  rule(question: Question, namespace: string): unknown;
  /** Ways to write that rule into a policy, the one that opens least first. */
  variants(rule: unknown, trace: EndTrace): readonly unknown[];
  /** A policy of its own for the subject, with that rule alone. */
  policy(question: Question, name: string): Manifest | undefined;
};

const isIngress = ({ way }: Question): boolean => way === 'ingress';

const labelsOf = (party: PodParty, facts: ClusterFacts) => stableLabels(party, facts);

/** One address and no more: a wider block is for people to choose. */
function addressBlock(party: Party, ip: string | undefined): string | undefined {
  const address = ip ?? ('ip' in party ? party.ip : undefined);
  return address === undefined || address === ''
    ? undefined
    : `${address}/${address.includes(':') ? 128 : 32}`;
}

const numberedPort = ({ connection: { protocol, port } }: Question) =>
  hasPorts(protocol) && port !== undefined ? { protocol, port } : undefined;

function subjectMeta(question: Question, name: string) {
  const { subject, world } = question;
  if (subject.kind !== 'pod') return undefined;
  const labels = labelsOf(subject, world.facts);
  return labels && { metadata: { name, namespace: subject.namespace }, labels };
}

const kubernetesWriter: RuleWriter = {
  family: 'k8s',
  variants: (rule) => [rule],
  rulesPath: ({ way }) => ['spec', way],
  peersField: (question) => (isIngress(question) ? 'from' : 'to'),
  portsField: 'ports',
  port: numberedPort,
  peer({ peer, peerIp, world }, namespace) {
    if (peer.kind !== 'pod') {
      const cidr = addressBlock(peer, peerIp);
      return cidr && { ipBlock: { cidr } };
    }
    const labels = labelsOf(peer, world.facts);
    if (labels === undefined) return undefined;
    const podSelector = { matchLabels: labels };
    if (peer.namespace === namespace) return { podSelector };
    return {
      namespaceSelector: { matchLabels: { [NAMESPACE_NAME]: peer.namespace } },
      podSelector,
    };
  },
  rule(question, namespace) {
    const peer = kubernetesWriter.peer(question, namespace);
    const port = numberedPort(question);
    const open = !hasPorts(question.connection.protocol);
    if (peer === undefined || (port === undefined && !open)) return undefined;
    return { [isIngress(question) ? 'from' : 'to']: [peer], ...(port && { ports: [port] }) };
  },
  policy(question, name) {
    const meta = subjectMeta(question, name);
    const rule = meta && kubernetesWriter.rule(question, meta.metadata.namespace);
    if (meta === undefined || rule === undefined) return undefined;
    const { way } = question;
    return {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: meta.metadata,
      spec: {
        podSelector: { matchLabels: meta.labels },
        policyTypes: [isIngress(question) ? 'Ingress' : 'Egress'],
        [way]: [rule],
      },
    };
  },
};

const NAMESPACE_KEY = 'k8s:io.kubernetes.pod.namespace';

/** L3 part of a Cilium rule, which may be of one kind only. */
function ciliumPeer(question: Question, namespace: string): Record<string, unknown> | undefined {
  const { peer, peerIp, world } = question;
  const to = isIngress(question) ? 'from' : 'to';
  switch (peer.kind) {
    case 'pod': {
      const labels = labelsOf(peer, world.facts);
      if (labels === undefined) return undefined;
      const own = peer.namespace === namespace ? {} : { [NAMESPACE_KEY]: peer.namespace };
      return { [`${to}Endpoints`]: [{ matchLabels: { ...own, ...labels } }] };
    }
    case 'node':
      return { [`${to}Entities`]: ['host', 'remote-node'] };
    case 'reserved':
      return { [`${to}Entities`]: [peer.entity] };
    case 'address': {
      if (peer.apiServer) return { [`${to}Entities`]: ['kube-apiserver'] };
      const [name] = peer.names ?? [];
      if (name !== undefined && !isIngress(question)) return { toFQDNs: [{ matchName: name }] };
      return { [`${to}CIDR`]: [addressBlock(peer, peerIp)] };
    }
    case 'unresolved':
      return undefined;
  }
}

const ciliumWriter: RuleWriter = {
  family: 'cilium',
  variants: (rule) => [rule],
  rulesPath: ({ way }) => ['spec', way],
  peersField: undefined,
  portsField: undefined,
  peer: () => undefined,
  port: numberedPort,
  rule(question, namespace) {
    const peer = ciliumPeer(question, namespace);
    const port = numberedPort(question);
    const { protocol, icmp } = question.connection;
    if (peer === undefined) return undefined;
    if (port !== undefined)
      return { ...peer, toPorts: [{ ports: [{ port: String(port.port), protocol }] }] };
    if (icmp === undefined) return undefined;
    const family = protocol === 'ICMPv6' ? 'IPv6' : 'IPv4';
    return { ...peer, icmps: [{ fields: [{ family, type: icmp.type }] }] };
  },
  policy(question, name) {
    const meta = subjectMeta(question, name);
    const rule = meta && ciliumWriter.rule(question, meta.metadata.namespace);
    if (meta === undefined || rule === undefined) return undefined;
    return {
      apiVersion: 'cilium.io/v2',
      kind: 'CiliumNetworkPolicy',
      metadata: meta.metadata,
      spec: { endpointSelector: { matchLabels: meta.labels }, [question.way]: [rule] },
    };
  },
};

const selectorOf = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .map(([key, value]) => `${key} == '${value}'`)
    .join(' && ');

const calicoWriter: RuleWriter = {
  family: 'calico',
  // Past the end of a tier the next one decides, and may admit it already.
  variants: (rule, { verdict }) =>
    verdict.reason === 'tier-default-deny'
      ? [{ ...(rule as Record<string, unknown>), action: 'Pass' }, rule]
      : [rule],
  rulesPath: ({ way }) => ['spec', way],
  peersField: undefined,
  portsField: undefined,
  peer: () => undefined,
  port: numberedPort,
  rule(question, namespace) {
    const { peer, peerIp, world, connection } = question;
    const side = calicoPeer(peer, peerIp, world.facts, namespace);
    const port = numberedPort(question);
    if (side === undefined || connection.protocol === '') return undefined;
    const server = port === undefined ? {} : { ports: [port.port] };
    const ends = isIngress(question)
      ? { source: side, ...(port === undefined ? {} : { destination: server }) }
      : { destination: { ...side, ...server } };
    return { action: 'Allow', protocol: connection.protocol, ...ends };
  },
  policy(question, name) {
    const meta = subjectMeta(question, name);
    const rule = meta && calicoWriter.rule(question, meta.metadata.namespace);
    if (meta === undefined || rule === undefined) return undefined;
    return {
      apiVersion: 'projectcalico.org/v3',
      kind: 'NetworkPolicy',
      metadata: meta.metadata,
      spec: {
        selector: selectorOf(meta.labels),
        types: [isIngress(question) ? 'Ingress' : 'Egress'],
        [question.way]: [rule],
      },
    };
  },
};

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

export const WRITERS: Readonly<Partial<Record<Family, RuleWriter>>> = {
  k8s: kubernetesWriter,
  cilium: ciliumWriter,
  calico: calicoWriter,
};
