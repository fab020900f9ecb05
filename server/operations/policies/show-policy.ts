import { AppError } from '../../core/errors.ts';
import { NO_HITS } from '../../core/hit-series.ts';
import type { ObjectKey, ObjectVersion } from '../../core/inventory.ts';
import { pathText } from '../../core/manifest.ts';
import { formatTime, nanos, type EpochNanos } from '../../core/time.ts';
import { KINDS } from '../../inventory/kinds.ts';
import type { EvaluatedRow } from '../../store/control/read-evaluated.ts';
import { deniedByDefault } from '../attribution/evaluated-rules.ts';
import { deniedPeers } from './denied-peers.ts';
import { hitsByGeneration } from './generations.ts';
import {
  describePolicy,
  describeUnlisted,
  namedPolicies,
  totalsByName,
  type NamedPolicy,
} from './listed-policy.ts';
import { policyFacts, type PoliciesQuery, type PolicyDesk, type PolicyFacts } from './policies.ts';
import { hitKind, refText, UNKNOWN_KIND, type PolicyPath } from './policy-names.ts';
import type { PolicyStatusJson, ShownPolicyJson } from './policy-shapes.ts';
import { momentText } from './moment-text.ts';

/** One policy with its rules, versions and pods. Throws an AppError `not-found` for a name that nobody knows. */
export async function showPolicy(
  desk: PolicyDesk,
  path: PolicyPath,
  query: PoliciesQuery,
): Promise<ShownPolicyJson> {
  const told = await policyFacts(desk, query);
  const found = findPolicy(namedPolicies(told.clusters), path);
  if (found !== undefined) return describe(desk, found, told, query);
  const last = await lastVersion(desk, path, told);
  if (last?.until !== undefined) return showGone(desk, path, query, last.until);
  const totals = told.totals.find(({ policy }) => isNamed({ ref: policy }, path));
  const weighed = [...told.evaluated.byPolicy.values()].find(({ policy }) =>
    isNamed({ ref: policy }, path),
  );
  const named = totals?.policy ?? weighed?.policy;
  if (named === undefined)
    throw new AppError(
      'not-found',
      `no policy '${path.kind}/${path.namespace || '-'}/${path.name}' is in the inventory, and no flow of the range names one`,
    );
  return {
    ...{ policy: describeUnlisted(named, totals, told), at: formatTime(told.at) },
    ...{ byDefault: byDefaultJson(deniedByDefault(weighed?.rows ?? [])) },
    attribution: told.evaluated.attribution,
    ...{ rules: [], versions: [], selected: [], faults: [], aroundChanges: NO_HITS },
    unattributed: (totals?.rules ?? []).map((row) => ({
      ...{ way: row.direction, totals: row.totals },
      why:
        row.rule < 0
          ? 'The dataplane names no rule.'
          : `Rule ${row.rule}, as the dataplane counts.`,
    })),
    denied: { byThis: [], atItsPods: [], q: '' },
  };
}

async function describe(
  { reader, inventory, versions }: PolicyDesk,
  found: NamedPolicy,
  told: PolicyFacts,
  { within }: PoliciesQuery,
): Promise<ShownPolicyJson> {
  const totals = totalsByName(told.totals, [found]).get(refText(found.ref));
  const described = await describePolicy(found, totals, told, versions, within.from);
  const { listed, attributed } = described;
  const { object, cluster, ref } = found;
  const known = (await inventory.versions(object.version.key)).filter(
    ({ from }) => from <= told.at,
  );
  const [generations, denied] = await Promise.all([
    hitsByGeneration(reader, ref, known, within),
    deniedPeers(reader, found, within),
  ]);
  return {
    ...{ policy: listed, at: formatTime(told.at), rules: attributed.rules },
    byDefault: byDefaultJson(described.byDefault),
    attribution: told.evaluated.attribution,
    unattributed: attributed.unattributed.map(({ row, why }) => ({
      ...{ way: row.direction, totals: row.totals, why },
    })),
    ...generations,
    selected: cluster.selected(object).map(({ namespace, name }) => ({ namespace, name })),
    denied,
    faults: object.faults.map((fault) => ({ path: pathText(fault.path), message: fault.message })),
  };
}

const byDefaultJson = (rows: readonly EvaluatedRow[]): ShownPolicyJson['byDefault'] =>
  rows.map(({ direction, totals, shared }) => ({ way: direction, totals, shared }));

/** A policy that was deleted is shown as it was last. */
async function showGone(
  desk: PolicyDesk,
  path: PolicyPath,
  query: PoliciesQuery,
  until: EpochNanos,
): Promise<ShownPolicyJson> {
  const shown = await showPolicy(desk, path, { ...query, asOf: nanos(until - 1n) });
  const at = formatTime(until);
  const status: PolicyStatusJson = {
    kind: 'gone',
    at,
    why: `Deleted, or no longer told, at ${momentText(until)}.`,
  };
  return { ...shown, policy: { ...shown.policy, status } };
}

/** The newest version of a policy that is no longer there. */
async function lastVersion(
  { inventory }: PolicyDesk,
  { kind, namespace, name }: PolicyPath,
  { at, clusters }: PolicyFacts,
): Promise<ObjectVersion | undefined> {
  const kinds = KINDS.filter((each) => each.kind === kind || hitKind(each) === kind);
  const keys: readonly ObjectKey[] = clusters.flatMap(({ cluster }) =>
    kinds.map((each) => ({ cluster, apiGroup: each.apiGroup, kind: each.kind, namespace, name })),
  );
  for (const key of keys) {
    const version = (await inventory.versions(key)).find(({ from }) => from <= at);
    if (version?.until !== undefined && version.until <= at) return version;
  }
  return undefined;
}

/** The exact kind first: `NetworkPolicy` may stand for Calico's where Kubernetes has none of that name. */
function findPolicy(policies: readonly NamedPolicy[], path: PolicyPath): NamedPolicy | undefined {
  return (
    policies.find((policy) => isNamed(policy, path)) ??
    policies.find(({ object: { version }, ref }) =>
      isNamed({ ref: { ...ref, kind: version.key.kind }, stored: version.key.name }, path),
    ) ??
    policies.find(({ object: { version }, ref }) =>
      isNamed({ ref, stored: version.key.name }, path),
    )
  );
}

const isNamed = (
  {
    ref,
    stored = ref.name,
  }: { readonly ref: NamedPolicy['ref']; readonly stored?: string | undefined },
  { kind, namespace, name }: PolicyPath,
): boolean =>
  (ref.kind === '' ? UNKNOWN_KIND : ref.kind) === kind &&
  ref.namespace === namespace &&
  (ref.name === name || stored === name);
