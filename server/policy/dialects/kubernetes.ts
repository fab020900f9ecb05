import type { Manifest } from '../../core/manifest.ts';
import type { CompiledPolicy, PolicyDialect, Rule, Way } from '../form.ts';
import { notUnderstood } from '../predicates/not-understood.ts';
import { inNamespace } from '../predicates/pods.ts';
import { clauseOf, openClauses } from './clauses.ts';
import { readPeer } from './kubernetes-peers.ts';
import { readPort } from './kubernetes-ports.ts';
import {
  choiceAt,
  fieldOf,
  itemsAt,
  refuse,
  unknownFields,
  type Place,
} from './manifest-fields.ts';
import { parsePolicies, policyKey } from './parse-policies.ts';
import { podLabels, readSelector } from './kubernetes-selector.ts';

const WAYS = ['Ingress', 'Egress'] as const;
const VERSION = 'networking.k8s.io/v1';

/** NetworkPolicy: namespaced, only ever allows, and isolates what it selects. */
export const kubernetesDialect: PolicyDialect = {
  family: 'k8s',
  kinds: ['networking.k8s.io/NetworkPolicy'],
  parse: (manifest) => parsePolicies(manifest, (root) => [readPolicy(manifest, root)]),
};

function readPolicy(manifest: Manifest, root: Place): CompiledPolicy {
  const { name, namespace = 'default' } = manifest.metadata;
  if (manifest.apiVersion !== VERSION)
    refuse(fieldOf(root, 'apiVersion'), `must be ${VERSION}, and is ${manifest.apiVersion}`);
  const spec = fieldOf(root, 'spec');
  const selector = readSelector(fieldOf(spec, 'podSelector'));
  const unknown = unknownFields(spec, ['podSelector', 'policyTypes', 'ingress', 'egress']);
  const rules = {
    ingress: readRules(fieldOf(spec, 'ingress'), 'from', namespace),
    egress: readRules(fieldOf(spec, 'egress'), 'to', namespace),
  };
  const ways = readWays(fieldOf(spec, 'policyTypes'), rules.egress.length > 0);
  const ref = { kind: 'NetworkPolicy', namespace, name, tier: '' } as const;
  return {
    ref,
    family: 'k8s',
    key: policyKey('k8s', ref),
    manifest,
    staged: false,
    namespace,
    subject: [
      inNamespace('subject', namespace, ['metadata', 'namespace']),
      ...podLabels('subject', selector),
      ...unknown.map(notUnderstood),
    ],
    ways,
    isolates: ways,
    rules,
    order: 0,
    notUnderstood: root.findings.notUnderstood,
  };
}

/** Without types a policy is one for ingress, and for egress too where it has a rule for it. */
function readWays(place: Place, hasEgress: boolean): ReadonlySet<Way> {
  const types = itemsAt(place);
  if (types.length > WAYS.length) refuse(place, 'must not name more than two types');
  if (types.length === 0) return new Set(hasEgress ? ['ingress', 'egress'] : ['ingress']);
  const read = types.map((type) => choiceAt(type, WAYS));
  return new Set(read.map((type) => (type === 'Egress' ? 'egress' : 'ingress')));
}

function readRules(place: Place, peers: 'from' | 'to', namespace: string): readonly Rule[] {
  return itemsAt(place).map((rule) => {
    const open = unknownFields(rule, [peers, 'ports']);
    return {
      path: rule.path,
      effect: 'allow',
      clauses: [
        ...clauseOf('peer', fieldOf(rule, peers), (peer) => [
          { path: peer.path, predicates: readPeer(peer, namespace) },
        ]),
        ...clauseOf('port', fieldOf(rule, 'ports'), (port) => [
          { path: port.path, predicates: readPort(port) },
        ]),
        ...openClauses(open),
      ],
    };
  });
}
