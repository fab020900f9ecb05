import { pathText } from '../../core/manifest.ts';
import { policyName } from '../../core/policy-name.ts';
import type { CompiledPolicy, Question } from '../form.ts';
import { selects } from '../matching.ts';
import type { EndTrace } from '../trace.ts';

/** Why no added rule helps and what would; `undefined` where one may. */
export function cannotAdd(trace: EndTrace): string | undefined {
  const { verdict } = trace;
  const names = namesOf(verdict.decidedBy);
  switch (verdict.reason) {
    case 'rule-deny':
      return `${names} ${deniedWhere(trace)}`;
    case 'auth-failed':
      return `${names} asks for authentication that always fails.`;
    default:
      return undefined;
  }
}

/** How many of the pods that are known a policy applies to. */
export function selectedPods(policy: CompiledPolicy, question: Question): number {
  const pods = [...question.world.facts.pods.values()];
  return pods.filter((subject) => selects(policy, { ...question, subject }) === 'yes').length;
}

/** Of what is denied by a rule: whether order or nothing at all helps. */
function deniedWhere({ verdict, hidden, question }: EndTrace): string {
  const [decided] = verdict.rules;
  const [rule] = verdict.rules.map((each) => pathText(each.rule.path));
  const count = decided === undefined ? 0 : selectedPods(decided.policy, question);
  const scope = `It selects ${count} of the ${question.world.facts.pods.size} pods that are known.`;
  const later = hidden.find(({ effect }) => effect === 'allow');
  const isOrdered =
    decided !== undefined && later !== undefined && question.world.dataplane === 'calico';
  if (!isOrdered)
    return `denies it in ${rule ?? 'a rule'}, and a deny wins over every allow: no added rule helps. Narrow that rule, or what its policy selects. ${scope}`;
  const { order } = decided.policy;
  const except =
    question.peerIp === undefined ? 'this peer' : `${question.peerIp}/${bits(question)}`;
  return `denies it in ${rule ?? 'a rule'}${orderText(order)} before ${namesOf([later.policy])} ${pathText(later.path)}${orderText(later.policy.order)} is reached. Give ${policyName(later.policy.ref)} an order below ${Number.isFinite(order) ? order : 'that of the other'}, or except ${except} in that rule (notNets). ${scope}`;
}

const orderText = (order: number): string => (Number.isFinite(order) ? ` (order ${order})` : '');

const bits = ({ peerIp }: Question): number => (peerIp?.includes(':') === true ? 128 : 32);

const namesOf = (policies: readonly CompiledPolicy[]): string =>
  [...new Set(policies.map(({ ref }) => `${ref.kind} ${policyName(ref)}`))].join(', ');
