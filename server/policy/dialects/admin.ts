import { isRecord, type Manifest } from '../../core/manifest.ts';
import type { CompiledPolicy, Effect, Option, PolicyDialect, Rule, Way } from '../form.ts';
import { isNoPod, readAdminPeer } from './admin-peers.ts';
import { readAdminPort, readProtocol } from './admin-ports.ts';
import { readSubject } from './admin-subject.ts';
import { clauseOf, openClauses } from './clauses.ts';
import {
  choiceAt,
  fieldOf,
  integerAt,
  isThere,
  itemsAt,
  recordAt,
  refuse,
  textAt,
  unknownFields,
  type Place,
} from './manifest-fields.ts';
import { parsePolicies, policyKey } from './parse-policies.ts';

export type AdminTier = 'Admin' | 'Baseline';

/** The generations differ in words and limits only. */
type Generation = {
  /** Of versions that we read. */
  readonly versions: readonly string[];
  /** Where it is not a field of the object. */
  readonly tier?: AdminTier;
  readonly actions: Readonly<Record<string, Effect>>;
  readonly portsField: 'ports' | 'protocols';
  readonly maxRules: number;
  readonly maxItems: number;
  readPort(place: Place): readonly Option[];
};

const ALPHA1 = {
  versions: ['v1alpha1'],
  portsField: 'ports',
  maxRules: 100,
  maxItems: 100,
  readPort: readAdminPort,
} as const;

const GENERATIONS: ReadonlyMap<string, Generation> = new Map<string, Generation>([
  [
    'AdminNetworkPolicy',
    { ...ALPHA1, tier: 'Admin', actions: { Allow: 'allow', Deny: 'deny', Pass: 'pass' } },
  ],
  [
    'BaselineAdminNetworkPolicy',
    { ...ALPHA1, tier: 'Baseline', actions: { Allow: 'allow', Deny: 'deny' } },
  ],
  [
    'ClusterNetworkPolicy',
    {
      versions: ['v1alpha2', 'v1beta1'],
      actions: { Accept: 'allow', Deny: 'deny', Pass: 'pass' },
      portsField: 'protocols',
      maxRules: 25,
      maxItems: 25,
      readPort: readProtocol,
    },
  ],
]);

const GROUP = 'policy.networking.k8s.io';

/** Policies of administrators: ordered, for the whole cluster, before and after NetworkPolicy. */
export const adminDialect: PolicyDialect = {
  family: 'npapi',
  kinds: [...GENERATIONS.keys()].map((kind) => `${GROUP}/${kind}`),
  parse(manifest) {
    const generation = GENERATIONS.get(manifest.kind);
    if (generation === undefined) throw new Error(`not a kind of ${GROUP}: ${manifest.kind}`);
    return parsePolicies(manifest, (root) => [readPolicy(manifest, root, generation)]);
  },
};

/** The tier that a policy belongs to; `undefined` for one of another family. */
export function adminTierOf({ family, manifest }: CompiledPolicy): AdminTier | undefined {
  if (family !== 'npapi') return undefined;
  const written = isRecord(manifest['spec']) ? manifest['spec']['tier'] : undefined;
  return GENERATIONS.get(manifest.kind)?.tier ?? (written === 'Baseline' ? 'Baseline' : 'Admin');
}

function readPolicy(manifest: Manifest, root: Place, generation: Generation): CompiledPolicy {
  const { kind } = manifest;
  const { name } = manifest.metadata;
  checkHead(manifest, root, generation);
  const spec = fieldOf(root, 'spec');
  if (!isThere(spec)) refuse(spec, 'must be given');
  const own = generation.tier === undefined ? ['tier', 'priority'] : ['priority'];
  const fields = kind === 'BaselineAdminNetworkPolicy' ? [] : own;
  const unknown = unknownFields(spec, ['subject', 'ingress', 'egress', ...fields]);
  if (fields.includes('tier')) readTier(fieldOf(spec, 'tier'));
  const rules = {
    ingress: readRules(fieldOf(spec, 'ingress'), 'from', generation),
    egress: readRules(fieldOf(spec, 'egress'), 'to', generation),
  };
  const ref = { kind, namespace: '', name, tier: '' } as const;
  return {
    ref,
    family: 'npapi',
    key: policyKey('npapi', ref),
    manifest,
    staged: false,
    namespace: '',
    subject: readSubject(fieldOf(spec, 'subject'), unknown),
    // Without a rule for a way, it says nothing about it.
    ways: new Set((['ingress', 'egress'] satisfies Way[]).filter((way) => rules[way].length > 0)),
    isolates: new Set(),
    rules,
    order: fields.length === 0 ? 0 : readPriority(fieldOf(spec, 'priority')),
    notUnderstood: root.findings.notUnderstood,
  };
}

function checkHead(manifest: Manifest, root: Place, { versions }: Generation): void {
  const { name } = manifest.metadata;
  const version = manifest.apiVersion.slice(GROUP.length + 1);
  if (!versions.includes(version))
    refuse(
      fieldOf(root, 'apiVersion'),
      `must be ${GROUP}/${versions.join(' or ')} for ${manifest.kind}, and is ${manifest.apiVersion}`,
    );
  const nameAt = fieldOf(fieldOf(root, 'metadata'), 'name');
  if (manifest.kind === 'BaselineAdminNetworkPolicy' && name !== 'default')
    refuse(nameAt, 'must be default: a cluster has one such policy');
}

function readTier(place: Place): void {
  if (choiceAt(place, ['Admin', 'Baseline']) === undefined && !isThere(place))
    refuse(place, 'must be given: Admin or Baseline');
}

function readPriority(place: Place): number {
  const priority = integerAt(place);
  if (!isThere(place)) refuse(place, 'must be given');
  if (priority !== undefined && (priority < 0 || priority > 1000))
    refuse(place, `must be from 0 to 1000, and is ${priority}`);
  return priority ?? 0;
}

function readRules(place: Place, peers: 'from' | 'to', generation: Generation): readonly Rule[] {
  const rules = itemsAt(place);
  if (rules.length > generation.maxRules)
    refuse(place, `must have at most ${generation.maxRules} rules`);
  return rules.map((rule) => readRule(rule, peers, generation));
}

function readRule(rule: Place, peers: 'from' | 'to', generation: Generation): Rule {
  recordAt(rule);
  const open = unknownFields(rule, ['name', 'action', peers, generation.portsField]);
  if ((textAt(fieldOf(rule, 'name')) ?? '').length > 100)
    refuse(fieldOf(rule, 'name'), 'must be at most 100 characters');
  const actionAt = fieldOf(rule, 'action');
  if (!isThere(actionAt)) refuse(actionAt, 'must be given');
  const effect = generation.actions[choiceAt(actionAt, Object.keys(generation.actions)) ?? 'Deny'];
  const peerList = fieldOf(rule, peers);
  const portList = fieldOf(rule, generation.portsField);
  checkCount(peerList, generation, 'peer');
  if (isThere(portList)) checkCount(portList, generation, generation.portsField);
  if (itemsAt(peerList).some(isNoPod) && itemsAt(portList).some(namesPort))
    refuse(portList, 'must not name ports where a peer is no pod: nothing else has named ports');
  return {
    path: rule.path,
    effect: effect ?? 'deny',
    clauses: [
      ...clauseOf('peer', peerList, (peer) => readAdminPeer(peer, peers, effect ?? 'deny')),
      ...clauseOf('port', portList, generation.readPort),
      ...openClauses(open),
    ],
  };
}

/** Demanded by the schema of v1alpha2 only. */
const namesPort = (place: Place): boolean => isThere(fieldOf(place, 'destinationNamedPort'));

function checkCount(
  list: Place,
  { maxItems }: Generation,
  what: 'peer' | 'ports' | 'protocols',
): void {
  const { length } = itemsAt(list);
  // An empty `ports` of v1alpha1 is one that is not there.
  if (length === 0 && what !== 'ports') refuse(list, `must have at least one entry`);
  if (length > maxItems) refuse(list, `must have at most ${maxItems} entries, and has ${length}`);
}
