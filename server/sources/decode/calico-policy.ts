import type { Direction, PolicyHit } from '../../core/flow.ts';

/** One policy-hit string of a flow log, taken apart (reference/calico.md 3). */
export type CalicoPolicyString = {
  readonly policyIndex: number;
  /** Empty for profiles. */
  readonly tier: string;
  readonly kind: string;
  readonly namespace: string;
  /** As stored; newer agents keep the tier prefix in it, older strings are stripped of it. */
  readonly name: string;
  readonly action: 'allow' | 'deny' | 'pass';
  /** -1: end of tier. -2: not known, which strings of four fields never tell. */
  readonly ruleIndex: number;
};

const PROFILE = '__PROFILE__';

const KINDS: ReadonlyMap<string, string> = new Map([
  ['np', 'CalicoNetworkPolicy'],
  ['gnp', 'GlobalNetworkPolicy'],
  ['snp', 'StagedNetworkPolicy'],
  ['sgnp', 'StagedGlobalNetworkPolicy'],
  ['knp', 'NetworkPolicy'],
  ['sknp', 'StagedKubernetesNetworkPolicy'],
  ['kcnp', 'ClusterNetworkPolicy'],
  ['pro', 'Profile'],
  ['eot', 'EndOfTier'],
]);

const ACTIONS = ['allow', 'deny', 'pass'] as const;

type Named = Pick<CalicoPolicyString, 'kind' | 'namespace' | 'name'>;

/** Takes any of the three generations of strings apart. Answers `undefined` for what is none of them. */
export function parsePolicyString(text: string): CalicoPolicyString | undefined {
  const parts = text.split('|');
  if (parts.length < 4 || parts.length > 5) return undefined;
  const [indexText = '', tier = '', policy = '', actionText = '', ruleText = '-'] = parts;
  const action = ACTIONS.find((word) => word === actionText.toLowerCase());
  const ruleIndex = parseRule(ruleText);
  if (!/^\d{1,9}$/.test(indexText) || action === undefined || ruleIndex === undefined) {
    return undefined;
  }
  if (!isName(tier) && tier !== PROFILE) return undefined;
  const named = kinded(policy) ?? legacy(policy, tier);
  if (named === undefined || (named.name === '' && named.kind !== 'EndOfTier')) return undefined;
  const ownTier = tier === PROFILE || named.kind === 'Profile' ? '' : tier;
  return { policyIndex: Number(indexText), tier: ownTier, ...named, action, ruleIndex };
}

function parseRule(text: string): number | undefined {
  if (text === '-' || text === '-2') return -2;
  return /^(-1|\d{1,9})$/.test(text) ? Number(text) : undefined;
}

function isName(text: string): boolean {
  return /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(text);
}

/** Newest generation: a known kind stands before the first colon. `staged:` is none. */
function kinded(policy: string): Named | undefined {
  const colon = policy.indexOf(':');
  const kind = colon < 0 ? undefined : KINDS.get(policy.slice(0, colon));
  if (kind === undefined) return undefined;
  const [namespace, name] = splitNamespace(policy.slice(colon + 1));
  if (kind === 'Profile' && !isProfileName(name)) return { kind, namespace, name: '' };
  return { kind, namespace, name };
}

function splitNamespace(text: string): readonly [string, string] {
  const slash = text.indexOf('/');
  return slash < 0 ? ['', text] : [text.slice(0, slash), text.slice(slash + 1)];
}

/** Profiles are `kns.<namespace>`, `ksa.<namespace>.<account>`, or stand for none. */
function isProfileName(name: string): boolean {
  return /^(kns|ksa)\./.test(name) || /^__[A-Z_]+__$/.test(name) || /^[a-z0-9-]+$/.test(name);
}

function legacy(policy: string, tier: string): Named | undefined {
  if (policy.startsWith(`${PROFILE}.`)) {
    const name = policy.slice(PROFILE.length + 1);
    return isProfileName(name) ? { kind: 'Profile', namespace: '', name } : undefined;
  }
  const [namespace, stored] = splitNamespace(policy);
  const kubernetes = legacyKubernetes(namespace, stored);
  if (kubernetes !== undefined) return kubernetes;
  if (/^(knp|kanp|kbanp)\./.test(stored)) return undefined;
  const { name, staged } = withoutTier(stored, tier);
  const base = namespace === '' ? 'GlobalNetworkPolicy' : 'NetworkPolicy';
  const kind = staged ? `Staged${base}` : namespace === '' ? base : 'CalicoNetworkPolicy';
  return isName(name) ? { kind, namespace, name } : undefined;
}

const LEGACY_KUBERNETES = [
  ['knp.default.', 'NetworkPolicy'],
  ['staged:knp.default.', 'StagedKubernetesNetworkPolicy'],
  ['kanp.adminnetworkpolicy.', 'AdminNetworkPolicy'],
  ['kbanp.baselineadminnetworkpolicy.', 'BaselineAdminNetworkPolicy'],
] as const;

function legacyKubernetes(namespace: string, stored: string): Named | undefined {
  for (const [prefix, kind] of LEGACY_KUBERNETES) {
    if (stored.startsWith(prefix)) return { kind, namespace, name: stored.slice(prefix.length) };
  }
  return undefined;
}

/** `tier.name`, `tier.staged:name`, `staged:tier.name` and `tier.staged:tier.name` all name the same policy. */
function withoutTier(stored: string, tier: string): { name: string; staged: boolean } {
  const outer = stripTier(stored, tier);
  if (!outer.startsWith('staged:')) return { name: outer, staged: false };
  return { name: stripTier(outer.slice(7), tier), staged: true };
}

function stripTier(name: string, tier: string): string {
  return tier !== '' && name.startsWith(`${tier}.`) ? name.slice(tier.length + 1) : name;
}

/** What tells a staged policy from an enforced one. */
export const isStaged = (hit: CalicoPolicyString): boolean => hit.kind.startsWith('Staged');

/** A hit as the rest of the program sees it: the tier prefix of the name is gone, whichever agent wrote it. */
export function policyHit(
  parsed: CalicoPolicyString,
  stage: PolicyHit['stage'],
  direction: Direction,
): PolicyHit {
  const { kind, namespace, tier, action, ruleIndex } = parsed;
  const isCalico = kind.endsWith('NetworkPolicy') && kind !== 'NetworkPolicy';
  const name = isCalico ? stripTier(parsed.name, tier) : parsed.name;
  return {
    policy: { kind, namespace, name, tier },
    direction,
    action,
    stage,
    matched: matchedBy(kind, ruleIndex),
    rule: kind === 'EndOfTier' ? -1 : Math.max(-1, ruleIndex),
  };
}

function matchedBy(kind: string, ruleIndex: number): PolicyHit['matched'] {
  if (kind === 'Profile') return 'profile';
  if (kind === 'EndOfTier' || ruleIndex === -1) return 'end-of-tier';
  return ruleIndex >= 0 ? 'rule' : 'policy';
}
