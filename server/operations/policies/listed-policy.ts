import type { PolicyRef } from '../../core/flow.ts';
import { kindName } from '../../core/inventory.ts';
import { formatTime, type EpochNanos } from '../../core/time.ts';
import type { PolicyHitRow } from '../../store/flow-store.ts';
import { policyJson } from '../policy-json.ts';
import type { PolicyTotals } from '../policy-totals.ts';
import { nextMinute, NO_HITS } from './hit-sums.ts';
import type { PolicyFacts } from './policies.ts';
import { policyId, refText, UNKNOWN_KIND } from './policy-names.ts';
import type { ClusterPolicies, PolicyObject } from './policy-objects.ts';
import type { ListedPolicyJson, PolicyDialectName, PolicyStatusJson } from './policy-shapes.ts';
import { statusOf } from './policy-status.ts';
import type { VersionBook, VersionFacts } from './policy-versions.ts';
import { ruleFates, type Attributed } from './rule-fate.ts';

/** A policy of one name, in every cluster that has one. */
export type NamedPolicy = {
  readonly ref: PolicyRef;
  /** What stands for all of them. */
  readonly object: PolicyObject;
  readonly cluster: ClusterPolicies;
  readonly all: readonly { readonly object: PolicyObject; readonly cluster: ClusterPolicies }[];
};

export function namedPolicies(clusters: readonly ClusterPolicies[]): readonly NamedPolicy[] {
  const all = clusters.flatMap((cluster) =>
    cluster.policies.map((object) => ({ object, cluster })),
  );
  const byName = Map.groupBy(all, ({ object }) => refText(object.ref));
  return [...byName.values()].flatMap((same) => {
    const [first] = same;
    return first === undefined ? [] : [{ ...first, ref: first.object.ref, all: same }];
  });
}

/** Agents before 1.17 may tell no kind: then the only policy of that name is meant. */
export function totalsByName(
  totals: readonly PolicyTotals[],
  policies: readonly NamedPolicy[],
): ReadonlyMap<string, PolicyTotals> {
  const byPlainName = Map.groupBy(policies, ({ ref }) => `${ref.namespace}/${ref.name}`);
  return new Map(
    totals.map((each) => {
      const { kind, namespace, name } = each.policy;
      const [only, ...others] = kind === '' ? (byPlainName.get(`${namespace}/${name}`) ?? []) : [];
      const ref = only !== undefined && others.length === 0 ? only.ref : each.policy;
      return [refText(ref), each];
    }),
  );
}

export type Described = {
  readonly listed: ListedPolicyJson;
  readonly facts: VersionFacts;
  readonly attributed: Attributed;
};

/** One policy with its hits, its status and what is known of its rules. */
export async function describePolicy(
  { object, cluster, all, ref }: NamedPolicy,
  totals: PolicyTotals | undefined,
  told: PolicyFacts,
  versions: VersionBook,
  within: { readonly from: EpochNanos; readonly buckets: number },
): Promise<Described> {
  const { window, completeness, lastHits, snapshot } = told;
  const facts = await versions.factsOf(object.version);
  const dataplane = told.dataplanes.of(cluster.cluster);
  const isShorter = facts.since > within.from;
  const rows = isShorter
    ? (await told.hitsSince(nextMinute(facts.since))).filter((row) => isOf(row, ref))
    : (totals?.rules ?? []);
  const attributed = ruleFates({
    ...{ policy: object, rows, dataplane },
    selects: cluster.pods.length === 0 ? undefined : cluster.selected(object).length,
    shorter: isShorter
      ? { kind: facts.isEdit ? 'edited' : 'too-young', at: facts.since }
      : undefined,
  });
  const status = statusOf({
    ...{ policy: object, dataplane, facts, window, completeness },
    lastHit: lastHits.last.get(refText(ref)) ?? totals?.lastHit,
    lookedFrom: lastHits.lookedFrom,
    toldSince: toldSince(object, snapshot),
  });
  const { kind, namespace, name } = object.version.key;
  const hit = attributed.rules.filter(({ fate }) => fate === 'hit').length;
  const isHidden = attributed.unattributed.some(({ ofAny }) => ofAny) || dataplane === 'azure-npm';
  const listed: ListedPolicyJson = {
    ...countsOf(ref, totals, within.buckets),
    id: policyId(ref.kind, namespace, name),
    dialect: dialectOf(object, kind),
    staged: kind.startsWith('Staged'),
    clusters: all.map((each) => each.cluster.cluster).sort(),
    directions: (['ingress', 'egress'] as const).filter((way) =>
      object.compiled.some(({ ways }) => ways.has(way)),
    ),
    pods: podCount(all),
    lastInWindow: timeOrNull(lastHits.last.get(refText(ref))),
    ruleCount: { hit: isHidden ? null : hit, of: attributed.rules.length },
    status,
  };
  return { listed, facts, attributed };
}

/** Since when all policies of its kind are told without a break. */
function toldSince(
  { version: { key } }: PolicyObject,
  { coverage }: PolicyFacts['snapshot'],
): EpochNanos | undefined {
  return coverage
    .filter(({ kind, cluster }) => kind === kindName(key) && cluster === key.cluster)
    .map(({ from }) => from)
    .reduce<EpochNanos | undefined>(
      (first, from) => (first === undefined || from < first ? from : first),
      undefined,
    );
}

const UNLISTED: PolicyStatusJson = {
  kind: 'unlisted',
  at: null,
  why: 'Flows name it, and no inventory source holds it.',
};

/** A name that hits tell, and no inventory holds. */
export function describeUnlisted(
  totals: PolicyTotals,
  { lastHits }: PolicyFacts,
): ListedPolicyJson {
  const { kind, namespace, name } = totals.policy;
  return {
    ...policyJson(totals),
    id: policyId(kind === '' ? UNKNOWN_KIND : kind, namespace, name),
    dialect: 'unknown',
    staged: kind.startsWith('Staged'),
    clusters: [],
    directions: (['ingress', 'egress'] as const).filter((way) =>
      totals.rules.some(({ direction }) => direction === way),
    ),
    pods: null,
    lastInWindow: timeOrNull(lastHits.last.get(refText(totals.policy)) ?? totals.lastHit),
    ruleCount: null,
    status: UNLISTED,
  };
}

const countsOf = (ref: PolicyRef, totals: PolicyTotals | undefined, buckets: number) =>
  totals === undefined
    ? {
        ...{ policy: ref, basis: 'reported' as const, totals: NO_HITS },
        ...{ firstHit: null, lastHit: null, rules: [] },
        series: Array.from({ length: buckets }, () => NO_HITS),
      }
    : { ...policyJson(totals), policy: ref };

function podCount(all: NamedPolicy['all']): number | null {
  if (all.every(({ cluster }) => cluster.pods.length === 0)) return null;
  return all.reduce((sum, { object, cluster }) => sum + cluster.selected(object).length, 0);
}

const DIALECT_NAMES = {
  k8s: 'kubernetes',
  npapi: 'admin',
  cilium: 'cilium',
  calico: 'calico',
} as const;

/** By its kind where a cluster would refuse it, so that nothing compiled tells. */
function dialectOf({ compiled, version }: PolicyObject, kind: string): PolicyDialectName {
  const [first] = compiled;
  if (first !== undefined) return DIALECT_NAMES[first.family];
  if (kind.startsWith('Cilium')) return 'cilium';
  const { apiGroup } = version.key;
  if (apiGroup === 'networking.k8s.io') return 'kubernetes';
  return apiGroup === 'policy.networking.k8s.io' ? 'admin' : 'calico';
}

const isOf = ({ policy }: PolicyHitRow, ref: PolicyRef): boolean =>
  refText(policy) === refText(ref);

const timeOrNull = (at: EpochNanos | undefined): string | null =>
  at === undefined ? null : formatTime(at);
