import type { Manifest } from '../../core/manifest.ts';
import type { CompiledPolicy, PolicyDialect, References, Way } from '../form.ts';
import { notUnderstood } from '../predicates/not-understood.ts';
import {
  calicoReferences,
  metadataOf,
  readHostEndpoint,
  readNetworkSet,
  readTier,
} from './calico-references.ts';
import { rulesAt } from './calico-rule.ts';
import { isDeleting, parseStagedKubernetes } from './calico-staged.ts';
import { subjectPredicates } from './calico-subject.ts';
import {
  cappedItems,
  choiceAt,
  fieldOf,
  flagAt,
  numberAt,
  refuse,
  textAt,
  unknownFields,
  type Place,
} from './manifest-fields.ts';
import { parsePolicies, policyKey } from './parse-policies.ts';

const POLICY_KINDS = [
  'NetworkPolicy',
  'GlobalNetworkPolicy',
  'StagedNetworkPolicy',
  'StagedGlobalNetworkPolicy',
];
const REFERENCE_READERS = new Map<string, (root: Place) => unknown>([
  ['Tier', readTier],
  ['NetworkSet', readNetworkSet],
  ['GlobalNetworkSet', readNetworkSet],
  ['HostEndpoint', readHostEndpoint],
]);
const STAGED_KUBERNETES = 'StagedKubernetesNetworkPolicy';
const GROUPS = ['projectcalico.org', 'crd.projectcalico.org'];

/** Calico's own kinds, as its API server and as its custom resources name them. */
export const calicoDialect: PolicyDialect = {
  family: 'calico',
  kinds: GROUPS.flatMap((group) =>
    [...POLICY_KINDS, STAGED_KUBERNETES, ...REFERENCE_READERS.keys()].map(
      (kind) => `${group}/${kind}`,
    ),
  ),
  parse(manifest, references) {
    if (manifest.kind === STAGED_KUBERNETES) return parseStagedKubernetes(manifest, references);
    const readReference = REFERENCE_READERS.get(manifest.kind);
    return parsePolicies(manifest, (root) => {
      if (readReference === undefined) return readPolicies(root, manifest, references);
      readReference(root);
      return [];
    });
  },
};

function readPolicies(
  root: Place,
  manifest: Manifest,
  references: References,
): readonly CompiledPolicy[] {
  const isStaged = manifest.kind.startsWith('Staged');
  // What is staged to be deleted says nothing but its name, and no evaluation sees it.
  if (isStaged && isDeleting(fieldOf(root, 'spec'), ['tier'])) return [];
  return [readPolicy(root, manifest, { references, isStaged })];
}

const FIELDS = [
  'tier',
  'order',
  'selector',
  'serviceAccountSelector',
  'types',
  'ingress',
  'egress',
  'performanceHints',
];
const GLOBAL_FIELDS = ['namespaceSelector', 'doNotTrack', 'preDNAT', 'applyOnForward'];

function readPolicy(
  root: Place,
  manifest: Manifest,
  { references, isStaged }: { readonly references: References; readonly isStaged: boolean },
): CompiledPolicy {
  const isGlobal = manifest.kind.endsWith('GlobalNetworkPolicy');
  const { name, namespace: written } = metadataOf(root);
  const namespace = isGlobal ? '' : written;
  const spec = fieldOf(root, 'spec');
  const found = calicoReferences(references);
  const unknown = unknownFields(spec, [
    ...FIELDS,
    ...(isGlobal ? GLOBAL_FIELDS : []),
    ...(isStaged ? ['stagedAction'] : []),
  ]);
  const hostsOnly = isGlobal && checkFlags(spec);
  const at = { namespace, references: found };
  const rules = {
    ingress: rulesAt(fieldOf(spec, 'ingress'), { ...at, way: 'ingress' }),
    egress: rulesAt(fieldOf(spec, 'egress'), { ...at, way: 'egress' }),
  };
  const ways = waysAt(fieldOf(spec, 'types'), rules);
  const ref = { kind: manifest.kind, namespace, name, tier: tierAt(fieldOf(spec, 'tier')) };
  return {
    ref,
    family: 'calico',
    key: policyKey('calico', ref),
    manifest,
    staged: isStaged,
    namespace,
    subject: [...subjectPredicates(spec, { ...at, hostsOnly }), ...unknown.map(notUnderstood)],
    ways,
    isolates: ways,
    rules,
    order: numberAt(fieldOf(spec, 'order')) ?? Infinity,
    notUnderstood: root.findings.notUnderstood,
  };
}

function tierAt(place: Place): string {
  const tier = textAt(place) ?? '';
  return tier === '' ? 'default' : tier;
}

const TYPES = ['Ingress', 'Egress'] as const;

/** Without types a policy is for the ways that it has rules for, and for ingress where it has none. */
function waysAt(place: Place, rules: CompiledPolicy['rules']): ReadonlySet<Way> {
  const types = cappedItems(place, 100).map((type) => choiceAt(type, TYPES));
  if (new Set(types).size < types.length) refuse(place, 'must not name a type twice');
  if (types.length > 0)
    return new Set(types.map((type) => (type === 'Egress' ? 'egress' : 'ingress')));
  const ways: readonly Way[] = ['ingress', 'egress'];
  const ruled = ways.filter((way) => rules[way].length > 0);
  return new Set(ruled.length > 0 ? ruled : ['ingress']);
}

/** Whether the policy is for host endpoints alone. */
function checkFlags(spec: Place): boolean {
  const preDnat = flagAt(fieldOf(spec, 'preDNAT'));
  const doNotTrack = flagAt(fieldOf(spec, 'doNotTrack'));
  const onForward = flagAt(fieldOf(spec, 'applyOnForward'));
  if (preDnat && doNotTrack)
    refuse(fieldOf(spec, 'preDNAT'), 'must not be true where doNotTrack is');
  if ((preDnat || doNotTrack) && !onForward)
    refuse(fieldOf(spec, 'applyOnForward'), 'must be true where preDNAT or doNotTrack is');
  const { value: egress } = fieldOf(spec, 'egress');
  if (preDnat && Array.isArray(egress) && egress.length > 0)
    refuse(fieldOf(spec, 'egress'), 'must have no rules where preDNAT is true');
  const types = fieldOf(spec, 'types');
  if (preDnat && Array.isArray(types.value) && types.value.includes('Egress'))
    refuse(types, 'must not include Egress where preDNAT is true');
  return preDnat || doNotTrack;
}
