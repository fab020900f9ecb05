import type { PolicyRef } from '../../core/flow.ts';
import { NO_HITS } from '../../core/hit-series.ts';
import type { PolicyJson } from '../../formats/api-json.ts';
import { kindName } from '../../core/inventory.ts';
import { formatTime, type EpochNanos } from '../../core/time.ts';
import type { PolicyHitRow } from '../../store/flow-store.ts';
import type { EvaluatedRow } from '../../store/control/read-evaluated.ts';
import { deniedByDefault } from '../attribution/evaluated-rules.ts';
import { evaluatedJson, type EvaluatedTotals } from '../attribution/evaluated-totals.ts';
import { NO_HIT_SERIES_JSON, policyJson } from '../policy-json.ts';
import type { PolicyTotals } from '../policy-totals.ts';
import { nextMinute } from './hit-sums.ts';
import type { PolicyFacts } from './policies.ts';
import { policyId, refText, UNKNOWN_KIND } from './policy-names.ts';
import type { ClusterPolicies, PolicyObject } from './policy-objects.ts';
import type { ListedPolicyJson, PolicyDialectName, PolicyStatusJson } from './policy-shapes.ts';
import { statusOf, type StatusFacts } from './policy-status.ts';
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
  readonly byDefault: readonly EvaluatedRow[];
};

/** One policy with its hits, its status and what is known of its rules. */
export async function describePolicy(
  { object, cluster, all, ref }: NamedPolicy,
  totals: PolicyTotals | undefined,
  told: PolicyFacts,
  versions: VersionBook,
  from: EpochNanos,
): Promise<Described> {
  const { evaluated } = told;
  const facts = await versions.factsOf(object.version);
  const dataplane = told.dataplanes.of(cluster.cluster);
  const isShorter = facts.since > from;
  const rows = isShorter
    ? (await told.hitsSince(nextMinute(facts.since))).filter((row) => isOf(row, ref))
    : (totals?.rules ?? []);
  const weighed = {
    rows: evaluated.rowsSince(isShorter ? nextMinute(facts.since) : from, ref),
    isBegun: evaluated.since !== undefined,
    isWhole: evaluated.since !== undefined && evaluated.since <= later(from, facts.since),
    hasOpen: evaluated.hasOpen,
  };
  const attributed = ruleFates({
    ...{ policy: object, rows, dataplane, evaluated: weighed },
    selects: cluster.pods.length === 0 ? undefined : cluster.selected(object).length,
    shorter: isShorter
      ? { kind: facts.isEdit ? 'edited' : 'too-young', at: facts.since }
      : undefined,
  });
  const { kind, namespace, name } = object.version.key;
  const hit = attributed.rules.filter(({ fate }) => fate === 'hit').length;
  const isHidden =
    attributed.unattributed.some(({ ofAny }) => ofAny) ||
    (dataplane === 'azure-npm' && evaluated.since === undefined);
  const listed: ListedPolicyJson = {
    ...countsOf(ref, totals, evaluated.byPolicy.get(refText(ref))),
    id: policyId(ref.kind, namespace, name),
    dialect: dialectOf(object, kind),
    staged: kind.startsWith('Staged'),
    clusters: all.map((each) => each.cluster.cluster).sort(),
    directions: (['ingress', 'egress'] as const).filter((way) =>
      object.compiled.some(({ ways }) => ways.has(way)),
    ),
    pods: podCount(all),
    lastInWindow: timeOrNull(lastInWindow(told, ref)),
    ruleCount: { hit: isHidden ? null : hit, of: attributed.rules.length },
    status: statusIn(told, { policy: object, dataplane, facts }, totals),
  };
  return { listed, facts, attributed, byDefault: deniedByDefault(weighed.rows) };
}

function statusIn(
  { window, completeness, lastHits, snapshot, evaluated }: PolicyFacts,
  asked: Pick<StatusFacts, 'policy' | 'dataplane' | 'facts'>,
  totals: PolicyTotals | undefined,
): PolicyStatusJson {
  const name = refText(asked.policy.ref);
  return statusOf({
    ...{ ...asked, window, completeness, lookedFrom: lastHits.lookedFrom },
    lastHit: lastHits.last.get(name) ?? totals?.lastHit,
    evaluated: {
      lastHit: evaluated.lastHits.get(name),
      ...{ since: evaluated.since, hasOpen: evaluated.hasOpen },
    },
    toldSince: toldSince(asked.policy, snapshot),
  });
}

/** By whatever basis. */
function lastInWindow(
  { lastHits, evaluated }: PolicyFacts,
  ref: PolicyRef,
): EpochNanos | undefined {
  const [reported, weighed] = [lastHits.last, evaluated.lastHits].map((last) =>
    last.get(refText(ref)),
  );
  return reported === undefined || weighed === undefined
    ? (reported ?? weighed)
    : later(reported, weighed);
}

const later = (one: EpochNanos, other: EpochNanos): EpochNanos => (one > other ? one : other);

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

const unlisted = (isNamed: boolean): PolicyStatusJson => ({
  kind: 'unlisted',
  at: null,
  why: isNamed
    ? 'Flows name it, and no inventory source holds it.'
    : 'It decided when it was there, as evaluated, and no inventory source holds it any more.',
});

/** A name that hits tell, or weighing found, and that no inventory holds. */
export function describeUnlisted(
  policy: PolicyRef,
  totals: PolicyTotals | undefined,
  told: PolicyFacts,
): ListedPolicyJson {
  const { kind, namespace, name } = policy;
  const evaluated = told.evaluated.byPolicy.get(refText(policy));
  const rows = [...(totals?.rules ?? []), ...(evaluated?.rows ?? [])];
  return {
    ...countsOf(policy, totals, evaluated),
    id: policyId(kind === '' ? UNKNOWN_KIND : kind, namespace, name),
    dialect: 'unknown',
    staged: kind.startsWith('Staged'),
    clusters: [],
    directions: (['ingress', 'egress'] as const).filter((way) =>
      rows.some(({ direction }) => direction === way),
    ),
    pods: null,
    lastInWindow: timeOrNull(lastInWindow(told, policy) ?? totals?.lastHit ?? evaluated?.lastHit),
    ruleCount: null,
    status: unlisted(totals !== undefined),
  };
}

function countsOf(
  ref: PolicyRef,
  totals: PolicyTotals | undefined,
  evaluated: EvaluatedTotals | undefined,
): PolicyJson {
  const reported = totals === undefined ? NOT_REPORTED : policyJson(totals);
  const both = totals === undefined ? ('evaluated' as const) : ('both' as const);
  return {
    ...{ ...reported, policy: ref },
    basis: evaluated === undefined ? 'reported' : both,
    evaluated: evaluatedJson(evaluated),
  };
}

const NOT_REPORTED: Omit<PolicyJson, 'policy' | 'basis' | 'evaluated'> = {
  ...{ totals: NO_HITS, firstHit: null, lastHit: null, series: NO_HIT_SERIES_JSON, rules: [] },
};

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
