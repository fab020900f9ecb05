import { NAMESPACE_NAME } from '../labels.ts';
import { hasPorts } from '../predicates/ports.ts';
import {
  addressBlock,
  isIngress,
  labelsOf,
  numberedPort,
  subjectMeta,
  type RuleWriter,
} from './rule-writer.ts';

export const kubernetesWriter: RuleWriter = {
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
  policies(question, name) {
    const meta = subjectMeta(question, name);
    const rule = meta && kubernetesWriter.rule(question, meta.metadata.namespace);
    if (meta === undefined || rule === undefined) return [];
    const { way } = question;
    return [
      {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: meta.metadata,
        spec: {
          podSelector: { matchLabels: meta.labels },
          policyTypes: [isIngress(question) ? 'Ingress' : 'Egress'],
          [way]: [rule],
        },
      },
    ];
  },
};
