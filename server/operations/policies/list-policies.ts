import { lastHitIn } from '../../core/last-hit.ts';
import { formatTime } from '../../core/time.ts';
import { describePolicy, describeUnlisted, namedPolicies, totalsByName } from './listed-policy.ts';
import { policyFacts, type PoliciesQuery, type PolicyDesk } from './policies.ts';
import { refText } from './policy-names.ts';
import type { ListedPolicyJson, PolicyListJson } from './policy-shapes.ts';

/** Every policy of the inventory with its hits, and those that only hits name. */
export async function listPolicies(
  desk: PolicyDesk,
  query: PoliciesQuery,
): Promise<PolicyListJson> {
  const told = await policyFacts(desk, query);
  const named = namedPolicies(told.clusters);
  const totals = totalsByName(told.totals, named);
  const listed: ListedPolicyJson[] = [];
  for (const policy of named) {
    const own = totals.get(refText(policy.ref));
    const described = await describePolicy(policy, own, told, desk.versions, query.within.from);
    listed.push(described.listed);
  }
  const known = new Set(named.map(({ ref }) => refText(ref)));
  for (const [name, each] of totals)
    if (!known.has(name)) listed.push(describeUnlisted(each.policy, each, told));
  for (const [name, { policy }] of told.evaluated.byPolicy)
    if (!known.has(name) && !totals.has(name))
      listed.push(describeUnlisted(policy, undefined, told));
  return {
    policies: listed.toSorted(byLastHit),
    inventoryAt: told.snapshot.coveredSince === undefined ? null : formatTime(told.at),
    attribution: told.evaluated.attribution,
  };
}

function byLastHit(a: ListedPolicyJson, b: ListedPolicyJson): number {
  const [left, right] = [lastHitIn(a) ?? '', lastHitIn(b) ?? ''];
  return left < right ? 1 : left > right ? -1 : a.id.localeCompare(b.id, 'en');
}
