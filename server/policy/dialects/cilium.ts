import { isRecord, type Manifest } from '../../core/manifest.ts';
import type { CompiledPolicy, PolicyDialect, Predicate, References, Rule, Way } from '../form.ts';
import { inNamespace } from '../predicates/pods.ts';
import { notUnderstood } from '../predicates/not-understood.ts';
import { hostIs, isEndpoint } from './cilium-ends.ts';
import { NAMESPACE_KEY } from './cilium-identity.ts';
import { readRule } from './cilium-rules.ts';
import { asksInit, identityIs, readIdentitySelector } from './cilium-selector.ts';
import { fieldOf, isThere, itemsAt, refuse, unknownFields, type Place } from './manifest-fields.ts';
import { parsePolicies, policyKey } from './parse-policies.ts';

/** CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy (policy semantics 4). */
export const ciliumDialect: PolicyDialect = {
  family: 'cilium',
  kinds: ['cilium.io/CiliumNetworkPolicy', 'cilium.io/CiliumClusterwideNetworkPolicy'],
  parse(manifest, references) {
    return parsePolicies(manifest, (root) => {
      const spec = fieldOf(root, 'spec');
      const specs = itemsAt(fieldOf(root, 'specs'));
      const places = [...(isThere(spec) ? [spec] : []), ...specs];
      if (places.length === 0) refuse(spec, 'must be given, or "specs"');
      return places.map((place) => readRuleSet(place, manifest, references));
    });
  },
};

const SECTIONS = ['ingress', 'ingressDeny', 'egress', 'egressDeny'] as const;

const FIELDS = [
  'endpointSelector',
  'nodeSelector',
  ...SECTIONS,
  'enableDefaultDeny',
  'labels',
  'description',
  'log',
] as const;

const WAYS: readonly Way[] = ['ingress', 'egress'];

function readRuleSet(place: Place, manifest: Manifest, references: References): CompiledPolicy {
  if (!isRecord(place.value)) refuse(place, 'must be an object');
  const isClusterwide = manifest.kind === 'CiliumClusterwideNetworkPolicy';
  const namespace = isClusterwide ? '' : (manifest.metadata.namespace ?? 'default');
  const open = unknownFields(place, FIELDS);
  const { subject, selectsInit } = readSubject(place, namespace);
  const ways = new Set(WAYS.filter((way) => hasSection(place, way)));
  // The API server takes it, and the agents refuse it: it protects nothing.
  if (ways.size === 0) refuse(place, `must have a rule in one of ${SECTIONS.join(', ')}`);
  const off = withoutDefaultDeny(fieldOf(place, 'enableDefaultDeny'));
  const isolates = new Set([...ways].filter((way) => !off.includes(way)));
  const isHost = isThere(fieldOf(place, 'nodeSelector'));
  const rulesOf = (way: Way): readonly Rule[] => {
    const common = { way, namespace, selectsInit, references, isHost, parsers: new Map() };
    const shared = { ...common, isolates: isolates.has(way) };
    const sections = [
      { section: way, isDeny: false },
      { section: `${way}Deny`, isDeny: true },
    ];
    return sections.flatMap(({ section, isDeny }) =>
      itemsAt(fieldOf(place, section)).flatMap((rule) => readRule(rule, { ...shared, isDeny })),
    );
  };
  const { kind, metadata } = manifest;
  const ref = { kind, namespace, name: metadata.name, tier: '' } as const;
  return {
    ref,
    family: 'cilium',
    key: policyKey('cilium', ref),
    manifest,
    staged: false,
    namespace,
    subject: [...subject, ...open.map(notUnderstood)],
    ways,
    isolates,
    rules: { ingress: rulesOf('ingress'), egress: rulesOf('egress') },
    order: 0,
    notUnderstood: place.findings.notUnderstood,
  };
}

/** A section without rules isolates nothing. */
const hasSection = (place: Place, way: Way): boolean =>
  itemsAt(fieldOf(place, way)).length > 0 || itemsAt(fieldOf(place, `${way}Deny`)).length > 0;

function withoutDefaultDeny(place: Place): readonly Way[] {
  unknownFields(place, WAYS);
  return WAYS.filter((way) => {
    const setting = fieldOf(place, way);
    if (isThere(setting) && typeof setting.value !== 'boolean')
      refuse(setting, 'must be true or false');
    return setting.value === false;
  });
}

type Subject = { readonly subject: readonly Predicate[]; readonly selectsInit: boolean };

function readSubject(place: Place, namespace: string): Subject {
  const endpoints = fieldOf(place, 'endpointSelector');
  const nodes = fieldOf(place, 'nodeSelector');
  if (isThere(endpoints) === isThere(nodes))
    refuse(place, 'must have one of "endpointSelector" and "nodeSelector"');
  if (isThere(nodes) && namespace !== '')
    refuse(nodes, 'must not be given in a policy of a namespace: nodes have none');
  if (isThere(nodes)) {
    const { requirements, open } = readIdentitySelector(nodes);
    return {
      subject: [hostIs(nodes.path, requirements), ...open.map(notUnderstood)],
      selectsInit: false,
    };
  }
  return readEndpointSubject(endpoints, namespace);
}

/** A policy of a namespace stays there: another one that is named for Cilium's own source is replaced by it. */
function readEndpointSubject(place: Place, namespace: string): Subject {
  if (!isThere(place)) return { subject: [], selectsInit: false };
  const selector = readIdentitySelector(place);
  const wanted = selector.requirements.filter(
    ({ source, key, path }) =>
      namespace === '' ||
      source !== 'k8s' ||
      key !== NAMESPACE_KEY ||
      !path.includes('matchLabels'),
  );
  const first =
    namespace === '' ? isEndpoint(place.path) : inNamespace('subject', namespace, place.path);
  return {
    subject: [
      first,
      ...wanted.map((requirement) => identityIs('subject', requirement)),
      ...selector.open.map(notUnderstood),
    ],
    selectsInit: asksInit(selector),
  };
}
