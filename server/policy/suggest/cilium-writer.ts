import { isOwnNode } from '../dialects/cilium-identity.ts';
import type { Question } from '../form.ts';
import {
  addressBlock,
  isIngress,
  labelsOf,
  numberedPort,
  subjectMeta,
  type RuleWriter,
} from './rule-writer.ts';

/** Label of an identity that names the namespace of a pod. */
export const NAMESPACE_KEY = 'k8s:io.kubernetes.pod.namespace';

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
      return { [`${to}Entities`]: nodeEntities(question) };
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

/** The one that it is; where that is not known, both. */
function nodeEntities(question: Question): readonly string[] {
  const own = isOwnNode(question, 'peer');
  if (own === 'unknown') return ['host', 'remote-node'];
  return [own === 'yes' ? 'host' : 'remote-node'];
}

export const ciliumWriter: RuleWriter = {
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
  policies(question, name) {
    const meta = subjectMeta(question, name);
    const rule = meta && ciliumWriter.rule(question, meta.metadata.namespace);
    if (meta === undefined || rule === undefined) return [];
    const { way } = question;
    const spec = { endpointSelector: { matchLabels: meta.labels }, [way]: [rule] };
    const head = {
      apiVersion: 'cilium.io/v2',
      kind: 'CiliumNetworkPolicy',
      metadata: meta.metadata,
    };
    // The second admits and isolates nothing, where pods that are alike are not isolated.
    return [
      { ...head, spec },
      { ...head, spec: { ...spec, enableDefaultDeny: { [way]: false } } },
    ];
  },
};
