import { canonicalAddress } from '../../query/address.ts';
import type { Party, PodParty } from '../facts.ts';
import type { Question, World } from '../form.ts';
import { labelValue, namespaceLabels } from '../labels.ts';
import { readBlock } from '../predicates/addresses.ts';
import type { End } from '../predicates/parties.ts';
import { not, truthOf, type Truth } from '../truth.ts';

/** A label of a security identity. The source `any` stands for the key under every source. */
export type IdentityKey = { readonly source: string; readonly key: string };

export const NAMESPACE_KEY = 'io.kubernetes.pod.namespace';
export const NAMESPACE_LABELS = 'io.cilium.k8s.namespace.labels.';
const CLUSTER_KEY = 'io.cilium.k8s.policy.cluster';
const SERVICE_ACCOUNT_KEY = 'io.cilium.k8s.policy.serviceaccount';

/** `null`: the identity of that end has no such label. `undefined`: that is not known. */
export function identityLabel(
  question: Question,
  end: End,
  { source, key }: IdentityKey,
): string | null | undefined {
  const party = question[end];
  const isReserved = source === 'reserved' || source === 'any';
  const entity = isReserved && ENTITIES.has(key) ? entityHolds(question, end, key) : 'no';
  if (entity !== 'no') return entity === 'yes' ? '' : undefined;
  if (source === 'reserved') return null;
  return otherLabel(party, { source, key }, question);
}

function otherLabel(
  party: Party,
  { source, key }: IdentityKey,
  question: Question,
): string | null | undefined {
  const isAny = source === 'any';
  switch (party.kind) {
    case 'pod':
      return isAny || source === 'k8s' ? podLabel(party, key, question) : null;
    case 'node': {
      const kept = question.world.settings.nodeSelectorLabels && (isAny || source === 'node');
      return kept ? labelValue(party.labels, key) : null;
    }
    case 'address':
      return addressLabel(party.ip, source, key);
    case 'unresolved':
      return undefined;
    case 'reserved':
      return null;
  }
}

function podLabel(pod: PodParty, key: string, { world }: Question): string | null | undefined {
  if (key === NAMESPACE_KEY) return pod.namespace;
  // A pod of another cluster of a mesh says so itself.
  if (key === CLUSTER_KEY) return pod.labels.known.get(key) ?? world.settings.clusterName;
  if (key === SERVICE_ACCOUNT_KEY) return pod.serviceAccount;
  return key.startsWith(NAMESPACE_LABELS)
    ? labelValue(namespaceLabels(world.facts, pod.namespace), key.slice(NAMESPACE_LABELS.length))
    : labelValue(pod.labels, key);
}

/** Ranges become labels of the addresses in them; a colon of IPv6 is written as a dash there. */
function addressLabel(ip: string, source: string, key: string): string | null | undefined {
  if (source === 'fqdn' || source === 'cidrgroup') return undefined;
  if (source !== 'cidr') return null;
  const block = readBlock(key.includes('.') ? key : key.replaceAll('-', ':'));
  return block?.contains(ip) === true ? '' : null;
}

/** Entities that a policy may name, and that are one reserved label each. */
const RESERVED = [
  'host',
  'remote-node',
  'world',
  'world-ipv4',
  'world-ipv6',
  'kube-apiserver',
  'ingress',
  'init',
  'health',
  'unmanaged',
] as const;

/** Helpers of Cilium that are endpoints of their own, at which policy is enforced. */
export const ENDPOINT_ENTITIES: ReadonlySet<string> = new Set(['init', 'health', 'ingress']);

const ENTITIES: ReadonlySet<string> = new Set(RESERVED);

/** All entities that a policy may name; `namespace` is understood by recent versions only. */
export const ENTITY_NAMES: readonly string[] = ['all', 'none', 'cluster', 'namespace', ...RESERVED];

/** Whether an end is, or belongs to, an entity. */
export function entityHolds(question: Question, end: End, entity: string): Truth {
  const party = question[end];
  switch (entity) {
    case 'all':
      return 'yes';
    case 'none':
      return 'no';
    case 'cluster':
      return inCluster(party);
    case 'namespace':
      return inSameNamespace(question, end);
    case 'world':
      return inWorld(party);
    case 'world-ipv4':
    case 'world-ipv6':
      return inWorldOf(party, entity === 'world-ipv6');
    case 'host':
    case 'remote-node':
      return isNodeOf(question, end, entity);
    case 'kube-apiserver':
      return isApiServer(party, question);
    default:
      return isReserved(party, entity);
  }
}

function inCluster(party: Party): Truth {
  switch (party.kind) {
    case 'pod':
    case 'node':
      return 'yes';
    case 'address':
      return truthOf(party.apiServer);
    case 'reserved':
      return truthOf(!party.entity.startsWith('world'));
    case 'unresolved':
      return party.takenAs === 'pod' ? 'yes' : 'unknown';
  }
}

function inSameNamespace(question: Question, end: End): Truth {
  const own = question.subject.kind === 'pod' ? question.subject.namespace : undefined;
  const party = question[end];
  if (party.kind === 'unresolved') return 'unknown';
  return truthOf(party.kind === 'pod' && party.namespace === own);
}

function inWorld(party: Party): Truth {
  switch (party.kind) {
    case 'address':
      return 'yes';
    case 'unresolved':
      return party.takenAs === 'pod' ? 'no' : 'unknown';
    case 'reserved':
      // An API server may run on a node or outside the cluster.
      return party.entity === 'kube-apiserver' ? 'unknown' : truthOf(isWorldName(party.entity));
    case 'pod':
    case 'node':
      return 'no';
  }
}

const isWorldName = (entity: string): boolean => entity.startsWith('world');

function inWorldOf(party: Party, isV6: boolean): Truth {
  const world = inWorld(party);
  if (world === 'no' || party.kind === 'pod' || party.kind === 'node') return 'no';
  if (party.ip !== undefined) return party.ip.includes(':') === isV6 ? world : 'no';
  const named = party.kind === 'reserved' ? party.entity : '';
  return named === 'world' ? 'unknown' : truthOf(named === (isV6 ? 'world-ipv6' : 'world-ipv4'));
}

function isNodeOf(question: Question, end: End, entity: 'host' | 'remote-node'): Truth {
  const party = question[end];
  if (party.kind === 'reserved' && party.entity === 'kube-apiserver') return 'unknown';
  if (party.kind !== 'node') return isReserved(party, entity);
  const own = isOwnNode(question, end);
  return entity === 'host' ? own : not(own);
}

/** Whether an end is the node that the subject runs on, or the subject itself. */
export function isOwnNode({ subject, ...ends }: Question, end: End): Truth {
  const party = end === 'subject' ? subject : ends.peer;
  if (party === subject) return truthOf(party.kind === 'node');
  if (party.kind === 'reserved') return truthOf(party.entity === 'host');
  if (party.kind !== 'node') return 'no';
  const own = nodeNameOf(subject);
  // A node without a name is one that is not known.
  if (own === undefined || party.name === '') return 'unknown';
  return truthOf(own === party.name);
}

function nodeNameOf(party: Party): string | undefined {
  if (party.kind === 'pod') return party.node;
  return party.kind === 'node' && party.name !== '' ? party.name : undefined;
}

function isApiServer(party: Party, { world }: Question): Truth {
  if (party.kind === 'address') return truthOf(party.apiServer);
  if (party.kind === 'node') return truthOf(party.ips.some((ip) => isListed(world, ip)));
  return party.kind === 'unresolved'
    ? truthOf(isListed(world, party.ip))
    : isReserved(party, 'kube-apiserver');
}

const isListed = ({ facts }: World, ip: string): boolean =>
  facts.apiServerIps.some((each) => canonicalAddress(each) === canonicalAddress(ip));

/** An address that nobody knows is that of a pod which is gone, or outside: no node and no proxy. */
function isReserved(party: Party, entity: string): Truth {
  if (party.kind === 'unresolved')
    return entity === 'init' || entity === 'unmanaged' ? 'unknown' : 'no';
  return truthOf(party.kind === 'reserved' && party.entity === entity);
}
