import { isRecord } from '../../core/manifest.ts';
import { adminTierOf } from '../dialects/admin.ts';
import {
  calicoReferences,
  type CalicoReferences,
  type Tier,
} from '../dialects/calico-references.ts';
import type { CompiledPolicy, DataplaneRules, Stage, Unmatched, World } from '../form.ts';
import { selectingStage } from '../selecting.ts';
import { forwardedStage } from './calico-forwarded.ts';
import { beforePolicies, isDeniedByHost } from './calico-hosts.ts';

/**
 * Calico: everything in tiers, and in a tier the first rule that matches. A tier in which some policy selects the end,
 * and none of its rules matches, ends with its default action; one in which none does is passed over.
 */
export const calicoRules: DataplaneRules = rulesOf({ withStaged: false });

/** The same as if staged policies were enforced: what flow logs call `pending`. */
export const calicoPendingRules: DataplaneRules = rulesOf({ withStaged: true });

function rulesOf({ withStaged }: { readonly withStaged: boolean }): DataplaneRules {
  return {
    enforces: (family) => family !== 'cilium',
    before: beforePolicies,
    stages(policies, world) {
      const counting = policies.filter(({ staged }) => withStaged || !staged);
      return stagesOf(counting, world);
    },
  };
}

function stagesOf(policies: readonly CompiledPolicy[], world: World): readonly Stage[] {
  const references = calicoReferences(world.references);
  const untracked = policies.filter((policy) => hasFlag(policy, 'doNotTrack'));
  const beforeNat = policies.filter((policy) => hasFlag(policy, 'preDNAT'));
  const early = new Set([...untracked, ...beforeNat]);
  const tracked = policies.filter((policy) => !early.has(policy));
  return [
    ...forwardedStage(references, policies, (own) => tierStages(own, references, endOfTier)),
    ...tierStages(untracked, references, goesOn),
    ...tierStages(beforeNat, references, goesOn),
    ...tierStages(tracked, references, endOfTier),
    profileStage(policies, references),
  ];
}

const hasFlag = ({ manifest }: CompiledPolicy, flag: string): boolean =>
  isRecord(manifest['spec']) && manifest['spec'][flag] === true;

function tierStages(
  policies: readonly CompiledPolicy[],
  references: CalicoReferences,
  end: (tier: Tier) => Stage['unmatched'],
): readonly Stage[] {
  const byTier = Map.groupBy(policies, tierNameOf);
  return [...byTier]
    .map(([name, own]) => ({ tier: references.tiers.get(name) ?? missingTier(name), own }))
    .toSorted((a, b) => compareTiers(a.tier, b.tier, references))
    .map(({ tier, own }) => ({
      name: tier.name,
      combine: 'first-match',
      ties: 'in-order',
      policies: own.toSorted(comparePolicies),
      unmatched: end(tier),
    }));
}

function tierNameOf(policy: CompiledPolicy): string {
  switch (adminTierOf(policy)) {
    case 'Admin':
      return 'kube-admin';
    case 'Baseline':
      return 'kube-baseline';
    case undefined:
      return policy.ref.tier === '' ? 'default' : policy.ref.tier;
  }
}

const missingTier = (name: string): Tier => ({ name, order: Infinity, defaultAction: 'Deny' });

/** Tiers that policies name and nobody made come after all others. */
function compareTiers(one: Tier, other: Tier, { tiers }: CalicoReferences): number {
  const [isOneThere, isOtherThere] = [tiers.has(one.name), tiers.has(other.name)];
  if (isOneThere !== isOtherThere) return isOneThere ? -1 : 1;
  return compareOrders(one.order, other.order) || compareText(one.name, other.name);
}

/** By order, and policies of one order by name: Calico leaves no ties open, whatever the API of a policy says. */
function comparePolicies(one: CompiledPolicy, other: CompiledPolicy): number {
  return (
    compareOrders(orderOf(one), orderOf(other)) || compareText(sortingName(one), sortingName(other))
  );
}

/** Where Calico puts Kubernetes policies among its own. */
const KUBERNETES_ORDER = 1000;

const orderOf = ({ family, ref, order }: CompiledPolicy): number =>
  family === 'k8s' || ref.kind === 'StagedKubernetesNetworkPolicy' ? KUBERNETES_ORDER : order;

const sortingName = ({ ref }: CompiledPolicy): string => `${ref.name}/${ref.namespace}/${ref.kind}`;

/** Two infinite orders are equal, which their difference does not say. */
const compareOrders = (one: number, other: number): number => (one === other ? 0 : one - other);

const compareText = (one: string, other: string): number =>
  one === other ? 0 : one < other ? -1 : 1;

const NEXT: Unmatched['outcomes'][number] = { outcome: 'next', reason: 'no-policy' };

function endOfTier({ name, defaultAction }: Tier): Stage['unmatched'] {
  if (defaultAction === 'Pass') return () => ({ outcomes: [NEXT] });
  const reason = name === 'default' ? 'default-deny' : 'tier-default-deny';
  const denied = { outcome: 'deny', reason } as const;
  return ({ selected }) => {
    if (selected === 'no') return { outcomes: [NEXT] };
    return { outcomes: selected === 'yes' ? [denied] : [denied, NEXT] };
  };
}

/** What policies before connection tracking and address translation do not decide goes on to the others. */
const goesOn = (): Stage['unmatched'] => () => ({ outcomes: [NEXT] });

/** After the last tier: the profile of every namespace allows; a host endpoint has one only if Calico made it. */
function profileStage(policies: readonly CompiledPolicy[], references: CalicoReferences): Stage {
  const stage: Stage = {
    name: '',
    combine: 'first-match',
    policies: [],
    unmatched: (_, question) => ({ outcomes: outcomesFor(question) }),
  };
  const { select } = selectingStage({ ...stage, policies });
  const outcomesFor = (question: Parameters<typeof select>[0]): Unmatched['outcomes'] => {
    if (isDeniedByHost(question, references)) return [{ outcome: 'deny', reason: 'default-deny' }];
    const selected = select(question);
    const byProfile = { outcome: 'allow', reason: 'profile-allow' } as const;
    const byNone = { outcome: 'allow', reason: 'no-policy' } as const;
    if (selected.length === 0) return [byNone];
    return selected.some(({ truth }) => truth === 'yes') ? [byProfile] : [byProfile, byNone];
  };
  return stage;
}
