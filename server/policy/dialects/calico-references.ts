import type { Manifest } from '../../core/manifest.ts';
import { canonicalAddress } from '../../query/address.ts';
import type { Labels, NamedPort } from '../facts.ts';
import type { Predicate, References } from '../form.ts';
import { labelsOf, NO_LABELS } from '../labels.ts';
import { readAddressOrBlock, type Block } from '../predicates/addresses.ts';
import { domainName } from '../predicates/domain-names.ts';
import { hasPorts, protocolAt, protocolText } from './calico-protocol.ts';
import { isSubdomain } from './kubernetes-names.ts';
import {
  choiceAt,
  fieldOf,
  fieldsOf,
  integerAt,
  itemsAt,
  numberAt,
  readManifest,
  refuse,
  textAt,
  textsAt,
  type Place,
} from './manifest-fields.ts';

export type Tier = {
  readonly name: string;
  /** Infinity where none is written: such tiers come last. */
  readonly order: number;
  readonly defaultAction: 'Deny' | 'Pass';
};

/** A list of addresses with labels, which selectors in rules find as they find pods. */
export type NetworkSet = {
  /** Empty for a GlobalNetworkSet. */
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
  readonly blocks: readonly Block[];
  /** Calico Enterprise: names whose addresses belong to it, for connections to them. */
  readonly domains: readonly Predicate[];
};

/** An interface of a host that policies are applied to. */
export type HostEndpoint = {
  readonly name: string;
  readonly labels: Labels;
  readonly node: string;
  readonly interfaceName: string;
  readonly ips: readonly string[];
  readonly profiles: readonly string[];
  readonly ports: readonly NamedPort[];
};

export type CalicoReferences = {
  readonly tiers: ReadonlyMap<string, Tier>;
  readonly sets: readonly NetworkSet[];
  readonly hostEndpoints: readonly HostEndpoint[];
};

/** Tiers that every cluster has, whether or not a manifest of theirs is at hand. */
const BUILT_IN: readonly Tier[] = [
  { name: 'calico-system', order: 100, defaultAction: 'Deny' },
  { name: 'allow-tigera', order: 100, defaultAction: 'Deny' },
  { name: 'kube-admin', order: 1000, defaultAction: 'Pass' },
  { name: 'default', order: 1_000_000, defaultAction: 'Deny' },
  { name: 'kube-baseline', order: 10_000_000, defaultAction: 'Pass' },
];

/** These the API server holds to their order; the others may be changed. */
const FIXED = ['kube-admin', 'default', 'kube-baseline'];

const API = /^(crd\.)?projectcalico\.org\//;
const MOST = { nets: 100_000, ips: 1000 };
const made = new WeakMap<References, CalicoReferences>();

/** What a cluster would refuse is left out: no policy sees it. */
export function calicoReferences(references: References): CalicoReferences {
  let found = made.get(references);
  if (found === undefined) {
    const read = <T>(kind: string, reader: (root: Place) => T): readonly T[] =>
      (references.byKind.get(kind) ?? []).flatMap((manifest) => readIfValid(manifest, reader));
    const tiers = [...BUILT_IN, ...read('Tier', readTier)];
    found = {
      tiers: new Map(tiers.map((tier) => [tier.name, tier])),
      sets: [...read('NetworkSet', readNetworkSet), ...read('GlobalNetworkSet', readNetworkSet)],
      hostEndpoints: read('HostEndpoint', readHostEndpoint),
    };
    made.set(references, found);
  }
  return found;
}

function readIfValid<T>(manifest: Manifest, reader: (root: Place) => T): readonly T[] {
  if (!API.test(manifest.apiVersion)) return [];
  const read = readManifest(manifest, reader);
  return read.ok ? [read.value] : [];
}

export function readTier(root: Place): Tier {
  const { name } = metadataOf(root);
  if (name.includes('.') || name.length > 63)
    refuse(fieldsOf(root, 'metadata', 'name'), 'must be at most 63 characters without a dot');
  const builtIn = BUILT_IN.find((each) => each.name === name);
  const order = numberAt(fieldsOf(root, 'spec', 'order'));
  if (builtIn !== undefined && FIXED.includes(name) && order !== builtIn.order)
    refuse(fieldsOf(root, 'spec', 'order'), `must be ${builtIn.order} for the tier ${name}`);
  const action = choiceAt(fieldsOf(root, 'spec', 'defaultAction'), ['Deny', 'Pass']);
  return {
    name,
    order: order ?? Infinity,
    defaultAction: action ?? builtIn?.defaultAction ?? 'Deny',
  };
}

export function readNetworkSet(root: Place): NetworkSet {
  const { name, namespace, labels } = metadataOf(root);
  if (labels.known.has('projectcalico.org/namespace'))
    refuse(
      fieldsOf(root, 'metadata', 'labels', 'projectcalico.org/namespace'),
      'is a label that Calico sets itself',
    );
  const nets = fieldsOf(root, 'spec', 'nets');
  const domains = fieldsOf(root, 'spec', 'allowedEgressDomains');
  return {
    name,
    namespace: kindOf(root) === 'NetworkSet' ? namespace : '',
    labels,
    blocks: textsAt(nets, MOST.nets).flatMap((text, index) => blockAt(fieldOf(nets, index), text)),
    domains: textsAt(domains, MOST.nets).map((domain, index) =>
      domainName(domain, [...domains.path, index]),
    ),
  };
}

/** Sets take single addresses too. */
function blockAt(place: Place, text: string): readonly Block[] {
  const block = readAddressOrBlock(text);
  if (block !== undefined) return [block];
  refuse(place, 'must be an address or a block such as 10.0.0.0/8');
  return [];
}

export function readHostEndpoint(root: Place): HostEndpoint {
  const { name, labels } = metadataOf(root);
  const spec = fieldOf(root, 'spec');
  const interfaceName = textAt(fieldOf(spec, 'interfaceName')) ?? '';
  const expected = fieldOf(spec, 'expectedIPs');
  const ips = textsAt(expected, MOST.ips).map((text, index) => {
    const ip = canonicalAddress(text);
    if (ip === undefined) refuse(fieldOf(expected, index), 'must be an address');
    return ip ?? text;
  });
  const node = textAt(fieldOf(spec, 'node')) ?? '';
  if (interfaceName === '' && ips.length === 0)
    refuse(fieldOf(spec, 'interfaceName'), 'must be given, or expectedIPs');
  if (node === '') refuse(fieldOf(spec, 'node'), 'must be given');
  return {
    name,
    labels,
    node,
    interfaceName,
    ips,
    profiles: textsAt(fieldOf(spec, 'profiles'), MOST.ips),
    ports: itemsAt(fieldOf(spec, 'ports')).map(hostPort),
  };
}

/** Of a port of a host endpoint, and in the rules that mean it. */
export const PORT_NAME = /^[A-Za-z0-9_.-]{1,128}$/;

function hostPort(place: Place): NamedPort {
  const protocol = protocolAt(fieldOf(place, 'protocol'));
  if (!hasPorts(protocol)) refuse(fieldOf(place, 'protocol'), 'must be TCP, UDP or SCTP');
  const name = textAt(fieldOf(place, 'name')) ?? '';
  if (!PORT_NAME.test(name) || /^\d+$/.test(name))
    refuse(fieldOf(place, 'name'), 'must be given, and no number');
  const port = integerAt(fieldOf(place, 'port')) ?? 0;
  if (port < 1 || port > 65535)
    refuse(fieldOf(place, 'port'), `must be from 1 to 65535, and is ${port}`);
  return {
    name,
    port,
    protocol: protocolText(protocol ?? 0),
  };
}

const ANSWERS_KEPT = 4096;
const answers = new WeakMap<NetworkSet, Map<string, boolean>>();

/** Lists of addresses to deny may be long, and the same addresses are asked for again. */
export function setContains(set: NetworkSet, ip: string): boolean {
  let known = answers.get(set);
  if (known === undefined || known.size >= ANSWERS_KEPT) {
    known = new Map();
    answers.set(set, known);
  }
  let contains = known.get(ip);
  if (contains === undefined) {
    contains = set.blocks.some((block) => block.contains(ip));
    known.set(ip, contains);
  }
  return contains;
}

export type CalicoMetadata = {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Labels;
};

/** Manifests have been read as such before, so name and labels are texts. */
export function metadataOf(root: Place): CalicoMetadata {
  const { metadata } = root.value as Manifest;
  const { name, namespace = 'default', labels } = metadata;
  if (!isSubdomain(name))
    refuse(fieldsOf(root, 'metadata', 'name'), 'must be a DNS subdomain in lower case');
  return { name, namespace, labels: labels == null ? NO_LABELS : labelsOf(labels) };
}

const kindOf = (root: Place): string => (root.value as Manifest).kind;

/** Host endpoints that have an address; those of no known address are found by no selector. */
export function hostEndpointsAt(
  { hostEndpoints }: CalicoReferences,
  ip: string | undefined,
): readonly HostEndpoint[] {
  const same = ip === undefined ? undefined : (canonicalAddress(ip) ?? ip);
  return same === undefined || hostEndpoints.length === 0
    ? []
    : hostEndpoints.filter(({ ips }) => ips.includes(same));
}
