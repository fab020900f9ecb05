import type { FlowFields, PolicyRef } from '../../core/flow.ts';
import type { UnnamedDecision } from '../../core/unnamed-decision.ts';
import { pathText } from '../../core/manifest.ts';
import type { Engine, Judgement } from '../../policy/engine.ts';
import type { EndVerdict } from '../../policy/evaluate.ts';
import type { Dataplane, Party } from '../../policy/facts.ts';
import { judgedOf } from '../../policy/flow-judged.ts';
import type { CompiledPolicy, Question, Rule, Way } from '../../policy/form.ts';
import { clauseHolds, ruleMatches } from '../../policy/matching.ts';
import { BY_DEFAULT } from '../../store/control/evaluated-hits.ts';
import { refOf, refText } from '../policies/policy-names.ts';

/** Why a decision stays nobody's. */
type WhyOpen =
  /** Nobody watched the policies of that time. */
  | 'no-snapshot'
  /** A fact is missing, which would decide it. */
  | 'undecided'
  /** The policies that are known decide otherwise, or name another tier. */
  | 'conflict'
  /** Policies or pods changed in that minute, and it matters which of them were in force. */
  | 'changed';

export type Credit = { readonly policy: PolicyRef; readonly way: Way; readonly rule: string };

export type Weighed =
  | { readonly kind: 'credited'; readonly credits: readonly Credit[] }
  /** No policy decided: none applies, or what none names is let through. */
  | { readonly kind: 'no-policy' }
  | { readonly kind: 'open'; readonly way: UnnamedDecision['way']; readonly why: WhyOpen };

/**
 * Whose a decision was, by the policies of one time. A rule that decided is credited, all of them where several did. A
 * default deny is credited to each policy that isolates the end in that way, since any one of them is enough.
 */
export function weighDecision(
  engine: Engine,
  flow: FlowFields,
  decision: UnnamedDecision,
  dataplane: Dataplane,
): Weighed {
  const { facts } = engine.world;
  const judgement = engine.judge(judgedOf(flow, { facts, dataplane, icmp: undefined }));
  const open = (why: WhyOpen): Weighed => ({ kind: 'open', way: decision.way, why });
  if (judgement.missing.length > 0) return open('undecided');
  const isAllowed = decision.kind === 'allowed';
  const way = decision.way === 'unknown' ? deciding(judgement, flow, decision) : decision.way;
  if (way === 'undecided' || way === 'conflict') return open(way);
  const end = judgement[way];
  if (end === undefined) return isAllowed ? { kind: 'no-policy' } : open('conflict');
  const question = engine.question(judgement.connection, way);
  const isToProxy = end.verdict === 'undetermined' && isAllowed && flow.event === 'policy-verdict';
  if (end.verdict === 'undetermined' && !isToProxy) return open('undecided');
  if (!isToProxy && ((end.verdict === 'allow') !== isAllowed || !isToldSo(flow, end)))
    return open('conflict');
  const credits = isToProxy
    ? admittedToProxy(engine, question, end)
    : creditsOf(engine, question, end);
  if (credits === undefined) return open('undecided');
  if (decision.open === 'rule') {
    const own = credits.filter(({ policy }) =>
      flow.hits.some((hit) => isSamePolicy(hit.policy, policy)),
    );
    return own.length === 0 ? open('conflict') : { kind: 'credited', credits: own };
  }
  return credits.length === 0 ? { kind: 'no-policy' } : { kind: 'credited', credits };
}

/** Agents before 1.17 may tell no kind. */
export const isSamePolicy = (told: PolicyRef, found: PolicyRef): boolean =>
  told.kind === ''
    ? told.namespace === found.namespace && told.name === found.name
    : refText(told) === refText(found);

/**
 * Whether the record agrees on how it was denied. Calico names the tier that ended, with a witness that is no cause;
 * Cilium's reasons tell a default deny from a rule that denies.
 */
function isToldSo({ hits, verdict, event }: FlowFields, end: EndVerdict): boolean {
  const told = hits.findLast(({ stage }) => stage !== 'pending');
  if (told?.matched === 'end-of-tier')
    return end.rules.length === 0 && end.stage === (told.policy.tier || 'default');
  if (event !== 'policy-verdict' || verdict.kind !== 'dropped') return true;
  if (verdict.reason === 'POLICY_DENIED') return end.rules.length === 0;
  return verdict.reason !== 'POLICY_DENY' || end.rules.length > 0;
}

/**
 * What a rule with L7 parts admits, Cilium hands to a proxy: its verdict is on the connection, and no request was made
 * yet. `undefined` where more than the request is not known.
 */
function admittedToProxy(
  { stages }: Engine,
  question: Question,
  { missing, decidedBy }: EndVerdict,
): readonly Credit[] | undefined {
  if (missing.length === 0 || missing.some(({ kind }) => kind !== 'l7')) return undefined;
  const sure = surelySelecting(stages, question);
  const credits = decidedBy
    .filter((policy) => sure.has(policy))
    .flatMap((policy) =>
      policy.rules[question.way]
        .filter(({ effect, clauses }) => effect === 'allow' && holdsAtL4(clauses, question))
        .map((rule) => creditOf(policy, question.way, pathText(rule.path))),
    );
  return credits.length === 0 ? undefined : credits;
}

const holdsAtL4 = (clauses: Rule['clauses'], question: Question): boolean =>
  clauses.every((clause) => clause.kind === 'l7' || clauseHolds(clause, question) === 'yes');

const surelySelecting = (
  stages: Engine['stages'],
  question: Question,
): ReadonlySet<CompiledPolicy> =>
  new Set(
    stages
      .flatMap((stage) => stage.select(question))
      .flatMap(({ policy, truth }) => (truth === 'yes' ? [policy] : [])),
  );

const creditOf = (policy: CompiledPolicy, way: Way, rule: string): Credit => ({
  ...{ policy: hitRef(policy), way, rule },
});

/** `undefined` where it is decided, and by which of several rules is not. */
function creditsOf(
  { stages }: Engine,
  question: Question,
  end: EndVerdict,
): readonly Credit[] | undefined {
  const { way } = question;
  const sure = surelySelecting(stages, question);
  const isSure = ({ policy, rule }: EndVerdict['rules'][number]): boolean =>
    sure.has(policy) && ruleMatches(rule, question) === 'yes';
  if (end.reason === 'varies' || !end.rules.every(isSure)) return undefined;
  if (end.rules.length > 0)
    return end.rules.map(({ policy, rule }) => creditOf(policy, way, pathText(rule.path)));
  if (end.verdict !== 'deny') return [];
  // A policy of several rule sets may isolate by more than one of them.
  const refs = new Map(
    end.decidedBy
      .filter((policy) => sure.has(policy))
      .map((policy) => [refText(hitRef(policy)), hitRef(policy)]),
  );
  return [...refs.values()].map((policy) => ({ policy, way, rule: BY_DEFAULT }));
}

/** As hits name it. */
function hitRef({ ref, family, manifest }: CompiledPolicy): PolicyRef {
  const apiGroup = family === 'calico' ? 'projectcalico.org' : '';
  const { kind, namespace } = ref;
  return refOf({ cluster: '', apiGroup, kind, namespace, name: manifest.metadata.name }, manifest);
}

/**
 * Which end denied, where the record does not say: the one on the node that tells of it, and else the only one that
 * denies. On a node that both share the destination is asked first (policy-semantics.md 7).
 */
function deciding(
  judgement: Judgement,
  flow: FlowFields,
  { kind }: UnnamedDecision,
): Way | 'undecided' | 'conflict' {
  if (kind === 'allowed') return 'undecided';
  const { egress, ingress, connection } = judgement;
  const node = flow.node.slice(flow.node.lastIndexOf('/') + 1);
  const isAt = (party: Party): boolean =>
    node !== '' &&
    (party.kind === 'pod' ? party.node === node : party.kind === 'node' && party.name === node);
  const [atClient, atServer] = [isAt(connection.client), isAt(connection.server)];
  if (atClient !== atServer) return atClient ? 'egress' : 'ingress';
  const ends = [ingress, egress].map((end) => end?.verdict ?? 'allow');
  if (ends.includes('undetermined') && !(atServer && ends[0] === 'deny')) return 'undecided';
  if (ends.every((verdict) => verdict === 'deny')) return atServer ? 'ingress' : 'undecided';
  if (ends[0] === 'deny') return 'ingress';
  return ends[1] === 'deny' ? 'egress' : 'conflict';
}
