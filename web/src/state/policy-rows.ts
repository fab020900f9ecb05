import { lastHitIn } from '../../../server/core/last-hit.ts';
import { policyName } from '../../../server/core/policy-name.ts';
import type { ListedPolicyJson } from '../../../server/http/contract.ts';

/** One line of the Policies screen. */
export type PolicyRow = {
  /** What is told apart in the list: two tiers may each have a policy of one name. */
  readonly key: string;
  readonly name: string;
  readonly json: ListedPolicyJson;
};

const POLICY_SORTS = [
  'name',
  'namespace',
  'kind',
  'tier',
  'allowed',
  'denied',
  'staged',
  'last',
  'rules',
  'pods',
  'status',
] as const;
export type PolicySort = (typeof POLICY_SORTS)[number];

function policyRow(json: ListedPolicyJson): PolicyRow {
  return { key: `${json.policy.tier}:${json.id}`, name: policyName(json.policy), json };
}

const VALUE: Readonly<Record<PolicySort, (row: PolicyRow) => string | number>> = {
  name: (row) => row.json.policy.name,
  namespace: (row) => row.json.policy.namespace,
  kind: (row) => row.json.policy.kind,
  tier: (row) => row.json.policy.tier,
  // For the order alone: what was evaluated is never shown as one number with what was reported.
  allowed: ({ json }) => json.totals.allowed + json.evaluated.totals.allowed,
  denied: ({ json }) => json.totals.denied + json.evaluated.totals.denied,
  staged: ({ json }) => json.totals.staged + json.evaluated.totals.staged,
  last: ({ json }) => lastHitIn(json) ?? json.lastInWindow ?? '',
  rules: (row) => row.json.ruleCount?.of ?? 0,
  pods: (row) => row.json.pods ?? -1,
  status: (row) => row.json.status.kind,
};

/** Column and sense of a `sort=` text; most denied first where it names none. */
export function parsePolicySort(text: string): {
  readonly by: PolicySort;
  readonly descending: boolean;
} {
  const descending = text.startsWith('-');
  const by = POLICY_SORTS.find((name) => name === (descending ? text.slice(1) : text));
  return by === undefined ? { by: 'denied', descending: true } : { by, descending };
}

/** `sort=` after a click on a column's head: turned round if it was sorted so, else the sense one looks for first. */
export function nextPolicySort(current: string, by: PolicySort): string {
  const sort = parsePolicySort(current);
  if (sort.by === by) return sort.descending ? by : `-${by}`;
  return ['name', 'namespace', 'kind', 'tier', 'status'].includes(by) ? by : `-${by}`;
}

export function sortPolicies(
  policies: readonly ListedPolicyJson[],
  sort: string,
  filter: string,
): readonly PolicyRow[] {
  const { by, descending } = parsePolicySort(sort);
  const value = VALUE[by];
  const wanted = filter.trim().toLowerCase();
  return policies
    .map(policyRow)
    .filter((row) => row.name.toLowerCase().includes(wanted))
    .sort((a, b) => {
      const [left, right] = [value(a), value(b)];
      const order = left < right ? -1 : left > right ? 1 : 0;
      // Ties by name, so that rows with the same count do not change places at each refresh.
      return (descending ? -order : order) || a.key.localeCompare(b.key);
    });
}

/** What `sel=` named a policy by before it had a path: kind, tier and name. */
export function isLegacySel(row: PolicyRow, sel: string): boolean {
  const { kind, tier } = row.json.policy;
  return sel === [kind, tier, row.name].join(':');
}
