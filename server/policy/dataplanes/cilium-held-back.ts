import type { Clause, CompiledPolicy, Question, Rule, Unmatched, Way } from '../form.ts';
import { clauseHolds, missingIn, selects } from '../matching.ts';

/**
 * Connections that a rule takes, to make them authenticate or to hand them to a proxy, which may refuse them where no
 * policy isolates as well. `isSure`: it does.
 */
type HeldBack = {
  readonly outcome: Unmatched['outcomes'][number];
  readonly isSure: boolean;
};

/** Looks among the few policies that can hold something back. */
export function heldBack(
  policies: readonly CompiledPolicy[],
): (question: Question) => HeldBack | undefined {
  const among: Readonly<Record<Way, readonly CompiledPolicy[]>> = {
    ingress: policies.filter((policy) => canHoldBack(policy, 'ingress')),
    egress: policies.filter((policy) => canHoldBack(policy, 'egress')),
  };
  return (question) => {
    const found = among[question.way].flatMap((policy) => {
      const selected = selects(policy, question);
      if (selected === 'no') return [];
      return policy.rules[question.way].flatMap((rule) => {
        const held = heldBackBy(policy, rule, question);
        return held === undefined ? [] : [{ ...held, isSure: held.isSure && selected === 'yes' }];
      });
    });
    return found.find(({ isSure }) => isSure) ?? found[0];
  };
}

const isProxied = ({ kind }: Clause): boolean => kind === 'l7' || kind === 'authentication';

/** A policy that isolates denies what its rules do not admit; only authentication has its own reason. */
const canHoldBack = ({ ways, isolates, rules }: CompiledPolicy, way: Way): boolean =>
  ways.has(way) &&
  rules[way].some(({ clauses }) =>
    clauses.some((clause) => (isolates.has(way) ? isAuthentication(clause) : isProxied(clause))),
  );

const isAuthentication = ({ kind }: Clause): boolean => kind === 'authentication';

function heldBackBy(policy: CompiledPolicy, rule: Rule, question: Question): HeldBack | undefined {
  if (rule.effect !== 'allow') return undefined;
  // Where it is not known whether it failed, that the rule may not match says the same.
  const isHeld = (clause: Clause): boolean =>
    policy.isolates.has(question.way)
      ? isAuthentication(clause) && clauseHolds(clause, question) === 'no'
      : isProxied(clause);
  const others = rule.clauses.filter((clause) => !isProxied(clause));
  const reached = others.map((clause) => clauseHolds(clause, question));
  if (reached.includes('no')) return undefined;
  const open = rule.clauses
    .filter(isHeld)
    .find((clause) => clauseHolds(clause, question) !== 'yes');
  if (open === undefined) return undefined;
  const refused = clauseHolds(open, question) === 'no';
  const reason = open.kind === 'l7' ? 'l7-deny' : 'auth-failed';
  const [missing] = open.options.flatMap(({ predicates }) => missingIn(predicates, question));
  return {
    outcome: {
      ...{ outcome: 'deny', reason },
      ...(missing === undefined ? {} : { missing }),
      // Which rule asks for it is what a person has to know; of requests it is told with all that were tried.
      ...(reason === 'auth-failed' ? { rules: [{ policy, rule }] } : {}),
    },
    isSure: refused && !reached.includes('unknown'),
  };
}
