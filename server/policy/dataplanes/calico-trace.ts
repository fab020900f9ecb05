import { pathText } from '../../core/manifest.ts';
import { calicoReferences } from '../dialects/calico-references.ts';
import type { CompiledPolicy, Effect, Question, Rule } from '../form.ts';
import { predicatesHold, ruleMatches } from '../matching.ts';
import type { Selected, SelectingStage } from '../outcome.ts';
import { convertedRules } from './calico-rule-paths.ts';

/** One entry of the policy lists of a flow log. */
export type TraceHit = {
  readonly tier: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly action: 'allow' | 'deny' | 'pass';
  /** Position among the rules that Calico makes of the policy: -1 for the end of a tier, -2 where it is not known. */
  readonly rule: number;
};

/** The lists differ in more than the policies that count: the witness for the end of a tier is another one. */
export type TraceKind = 'enforced' | 'pending';

const PROFILE_TIER = '__PROFILE__';
const NOT_KNOWN = -2;

/**
 * What a flow log lists for one end: a hit for each tier that decides or passes, then the profile. `stages` are those
 * of an engine with the enforced, or with the pending, rules. `undefined`: facts are missing, and so is the list.
 */
export function calicoTrace(
  stages: readonly SelectingStage[],
  question: Question,
  kind: TraceKind,
): readonly TraceHit[] | undefined {
  const hits: TraceHit[] = [];
  for (const stage of stages) {
    const selected = stage.select(question);
    if (selected.length === 0) continue;
    const hit = hitIn(stage.name, selected, question, kind);
    if (hit === undefined) return undefined;
    hits.push(hit);
    if (hit.action !== 'pass') return hits;
  }
  return [...hits, profileHit(question)];
}

function hitIn(
  tier: string,
  selected: readonly Selected[],
  question: Question,
  kind: TraceKind,
): TraceHit | undefined {
  for (const { policy, truth } of selected) {
    if (truth === 'unknown') return undefined;
    for (const [at, rule] of policy.rules[question.way].entries()) {
      if (rule.effect === 'log') continue;
      const matched = ruleMatches(rule, question);
      if (matched === 'unknown') return undefined;
      if (matched === 'yes')
        return hitOf(policy, tier, rule.effect, convertedIndex(policy, at, question));
    }
  }
  const witness = selected.at(kind === 'enforced' ? -1 : 0)?.policy;
  if (witness === undefined) return undefined;
  const { tiers } = calicoReferences(question.world.references);
  const isPass = tiers.get(tier)?.defaultAction === 'Pass';
  return hitOf(witness, tier, isPass ? 'pass' : 'deny', -1);
}

const hitOf = (
  { ref: { kind, namespace, name } }: CompiledPolicy,
  tier: string,
  action: Exclude<Effect, 'log'>,
  rule: number,
): TraceHit => ({ tier, kind, namespace, name, action, rule });

function profileHit({ subject }: Question): TraceHit {
  const of = { tier: PROFILE_TIER, kind: 'Profile', namespace: '' };
  return subject.kind === 'pod'
    ? { ...of, name: `kns.${subject.namespace}`, action: 'allow', rule: 0 }
    : { ...of, name: '__NO_MATCH__', action: 'deny', rule: -1 };
}

/** Position of the rule that Calico makes for this connection of one that it is written in. */
function convertedIndex(policy: CompiledPolicy, at: number, question: Question): number {
  const rule = policy.rules[question.way][at];
  const isOwn = policy.family === 'calico' && policy.ref.kind !== 'StagedKubernetesNetworkPolicy';
  if (rule === undefined || isOwn) return at;
  const made = convertedRules(policy.ref, policy.manifest, question.way);
  if (made === undefined) return NOT_KNOWN;
  const path = pathText(rule.path);
  const own = made.filter((each) => pathText(each.path) === path);
  const { protocol } = question.connection;
  const group = own.some((each) => each.protocol === protocol) ? protocol : own[0]?.protocol;
  const peer = peerIndex(rule, question);
  const found = own.find((each) => each.protocol === group && each.peer === peer) ?? own[0];
  return found === undefined ? NOT_KNOWN : made.indexOf(found);
}

function peerIndex({ clauses }: Rule, question: Question): number {
  const peers = clauses.find(({ kind }) => kind === 'peer')?.options ?? [];
  const first = peers.findIndex((option) => predicatesHold(option, question) === 'yes');
  return Math.max(0, first);
}
