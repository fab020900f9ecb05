import { adminTierOf } from '../dialects/admin.ts';
import type { CompiledPolicy, Option, Question, Rule, Stage, World } from '../form.ts';
import { ruleMatches, selects } from '../matching.ts';
import { neverHolds } from '../predicates/never.ts';

/** Of the admin policies Cilium reads the kind that replaced the others. */
export function clusterNetworkPolicies(
  policies: readonly CompiledPolicy[],
  { settings }: World,
): readonly CompiledPolicy[] {
  const read = policies.filter(({ ref }) => ref.kind === 'ClusterNetworkPolicy');
  const understood = settings.nodeSelectorLabels
    ? read
    : read.map((policy) => ({
        ...policy,
        rules: { ingress: policy.rules.ingress, egress: policy.rules.egress.map(withoutNodes) },
      }));
  const sharing = Map.groupBy(
    understood,
    (policy) => `${adminTierOf(policy) ?? ''} ${policy.order}`,
  );
  return [...sharing.values()].flatMap(byPosition);
}

/** More than any object may have, so that positions stay below the next priority, which is a whole number. */
const MOST_RULES = 65_536;

/**
 * Rules of equal priority go by their position, whichever object they stand in; deny is first only where that is equal
 * too. Objects that share a priority are taken apart for it.
 */
function byPosition(sharing: readonly CompiledPolicy[]): readonly CompiledPolicy[] {
  if (sharing.length < 2) return sharing;
  return sharing.flatMap((policy) => {
    const { ingress, egress } = policy.rules;
    const positions = [...Array(Math.max(ingress.length, egress.length, 1)).keys()];
    return positions.map((at) => ({
      ...policy,
      order: policy.order + at / MOST_RULES,
      rules: { ingress: ingress.slice(at, at + 1), egress: egress.slice(at, at + 1) },
    }));
  });
}

/** Nodes have labels to be selected by only where the agents keep them. */
const withoutNodes = (rule: Rule): Rule => ({
  ...rule,
  clauses: rule.clauses.map((clause) => ({ ...clause, options: clause.options.map(withoutNode) })),
});

const withoutNode = (option: Option): Option =>
  option.path.at(-1) === 'nodes'
    ? {
        ...option,
        predicates: [
          neverHolds(option.path, 'nodes by their labels', 'labels of nodes are not kept'),
        ],
      }
    : option;

/** Whether a policy of a stage admits the connection, or may. */
export const mayAccept = ({ policies }: Stage, question: Question): boolean =>
  policies.some(
    (policy) =>
      policy.ways.has(question.way) &&
      selects(policy, question) !== 'no' &&
      policy.rules[question.way].some(
        (rule) => rule.effect === 'allow' && ruleMatches(rule, question) !== 'no',
      ),
  );
