import { isRecord, pathText, valueAtPath } from '../../core/manifest.ts';
import { policyName } from '../../core/policy-name.ts';
import { ledFrom } from '../../policy/suggest/fixes.ts';
import { selectedPods } from '../../policy/suggest/refusal.ts';
import type { ClauseTrace, EndTrace, RuleTrace } from '../../policy/trace.ts';
import { clauseHolds } from '../../policy/matching.ts';
import { listed, policyText } from './sentences.ts';

/** What a person should know of how an end was decided and would not see in the rules alone. */
export function endNotes(trace: EndTrace): readonly string[] {
  const [nearest] = trace.tried.filter(({ effect, truth }) => effect === 'allow' && truth === 'no');
  return [
    ...(trace.verdict.verdict === 'deny' && nearest !== undefined
      ? nearestNotes(nearest, trace)
      : []),
    ...togetherNotes(trace),
    ...hiddenNotes(trace),
    ...requestNotes(trace),
    ...nameNotes(trace),
  ];
}

const ruleText = ({ policy, path }: RuleTrace): string => `${policyText(policy)} ${pathText(path)}`;

/** Of the rule that comes nearest: the classical mistakes, named. */
function nearestNotes(rule: RuleTrace, trace: EndTrace): readonly string[] {
  const failing = rule.clauses.filter(({ truth }) => truth !== 'yes');
  const [only] = failing;
  if (failing.length !== 1 || only === undefined) return [];
  if (only.kind === 'port') return portNote(rule, only, trace);
  return only.kind === 'peer' ? peerNote(rule, only, trace) : [];
}

function portNote(
  rule: RuleTrace,
  { options: [nearest] }: ClauseTrace,
  { question }: EndTrace,
): readonly string[] {
  const test = nearest?.predicates.find(({ about, truth }) => about === 'port' && truth === 'no');
  const written = test && Number(valueAtPath(rule.policy.manifest, test.path));
  const service = written === undefined ? undefined : ledFrom(question, written);
  if (service === undefined || written === undefined) return [];
  const { port } = question.connection;
  return [
    `Service ${service} leads its port ${written} to port ${String(port)} of the pod, and policies see the pod's: ${ruleText(rule)} has to name ${String(port)}.`,
  ];
}

function peerNote(
  rule: RuleTrace,
  { options: [nearest] }: ClauseTrace,
  { question }: EndTrace,
): readonly string[] {
  const peer = nearest && valueAtPath(rule.policy.manifest, nearest.path);
  const failing = nearest?.predicates.filter(({ truth }) => truth === 'no') ?? [];
  const [test] = failing;
  if (test === undefined || failing.length !== 1 || nearest === undefined) return [];
  const hasBoth =
    isRecord(peer) &&
    [peer['namespaceSelector'], peer['podSelector']].every((part) => part !== undefined);
  if (hasBoth && rule.policy.family === 'k8s') {
    const found = question.peer.kind === 'pod' ? `, and ${test.actual} found` : '';
    return [
      `${pathText(nearest.path)} of ${policyText(rule.policy)} is one entry with a namespaceSelector and a podSelector, and both must hold (${test.expected} expected${found}). If either was meant, they have to be two entries of the list; that would also admit ${othersOf(rule, nearest.path, question)} other pods that are known.`,
    ];
  }
  const isOwnNamespace = test.about === 'namespace' && rule.policy.ref.namespace !== '';
  const isLabelled = nearest.predicates.some(
    ({ about, truth }) => about === 'labels' && truth === 'yes',
  );
  if (!isOwnNamespace || !isLabelled || !/^a pod of namespace|^namespace/.test(test.expected))
    return [];
  return [
    `The labels in ${pathText(nearest.path)} of ${policyText(rule.policy)} match; without a namespace they mean pods of namespace ${rule.policy.ref.namespace} alone.`,
  ];
}

/** Pods besides the one that asks for which the entry holds without its podSelector. */
function othersOf(
  { policy, path }: RuleTrace,
  entry: RuleTrace['path'],
  question: EndTrace['question'],
): number {
  const options = policy.rules[question.way]
    .filter((rule) => rule.path === path)
    .flatMap(({ clauses }) => clauses.flatMap((clause) => clause.options));
  const wide = options
    .find((option) => pathText(option.path) === pathText(entry))
    ?.predicates.filter(({ about }) => about !== 'labels');
  return [...question.world.facts.pods.values()].filter(
    (peer) =>
      peer !== question.peer &&
      wide?.every((predicate) => predicate.test({ ...question, peer }) === 'yes') === true,
  ).length;
}

/** A default deny is that of all policies that select the end. */
function togetherNotes({ verdict }: EndTrace): readonly string[] {
  const policies = [...new Set(verdict.decidedBy.map(({ key }) => key))];
  if (verdict.reason !== 'default-deny' || policies.length < 2) return [];
  return [
    `The denial is that of all ${policies.length} together: each counts as one of ${policies.length} in the hits that are evaluated.`,
  ];
}

/** Rules that would decide otherwise and are not reached, or do not count. */
function hiddenNotes({ hidden, verdict, question, tried }: EndTrace): readonly string[] {
  const others = hidden.filter(
    ({ effect }) => effect === (verdict.verdict === 'deny' ? 'allow' : 'deny'),
  );
  const names = listed(others.map(ruleText));
  if (others.length === 0) return [];
  if (verdict.reason === 'tier-default-deny') {
    const tiers = listed([...new Set(others.map(({ stage }) => stage))]);
    const policies = tried.filter(({ stage }) => stage === verdict.stage);
    const policy = policies.at(0)?.policy;
    const count = policy === undefined ? 0 : selectedPods(policy, question);
    return [
      `${names} would admit it, and tier ${tiers} is never reached: the end of tier ${verdict.stage} denies what none of its rules matches. A rule with action Pass there leads on; defaultAction Pass on the tier would do so for all ${count} pods that ${policy === undefined ? 'it' : policyName(policy.ref)} selects.`,
    ];
  }
  if (verdict.reason !== 'rule-deny') return [];
  return question.world.dataplane === 'calico'
    ? [
        `${names} matches too and comes later: the first rule that matches decides.${orderText(verdict, others, question)}`,
      ]
    : [`${names} would admit it; a deny wins over every allow.`];
}

/** How a rule that comes later could come first, and how the one that denies could let it through. */
function orderText(
  { rules: [decided] }: EndTrace['verdict'],
  [later]: readonly RuleTrace[],
  { peerIp }: EndTrace['question'],
): string {
  if (decided === undefined || later === undefined || decided.policy === later.policy) return '';
  const { order, ref } = decided.policy;
  const except =
    peerIp === undefined ? 'this peer' : `${peerIp}/${peerIp.includes(':') ? 128 : 32}`;
  const below = Number.isFinite(order) ? String(order) : `that of ${policyName(ref)}`;
  return ` Give ${policyName(later.policy.ref)} an order below ${below}, or except ${except} in ${pathText(decided.rule.path)} of ${policyName(ref)} (notNets).`;
}

/** HTTP rules that refuse a request and do not count, since another rule admits the port without any. */
function requestNotes({ verdict, tried }: EndTrace): readonly string[] {
  if (verdict.reason !== 'rule-allow') return [];
  const idle = tried.filter(
    ({ effect, clauses }) =>
      effect === 'allow' &&
      clauses.some(({ kind }) => kind === 'l7') &&
      clauses.every(({ kind, truth }) => truth === (kind === 'l7' ? 'no' : 'yes')),
  );
  if (idle.length === 0) return [];
  const admitting = verdict.rules.map(
    ({ policy, rule }) => `${policyText(policy)} ${pathText(rule.path)}`,
  );
  return [
    `The L7 rules of ${listed(idle.map(ruleText))} restrict nothing here: ${listed(admitting)} admits the port without any.`,
  ];
}

/** Names are known only from look-ups that go through the DNS proxy, which a dns rule leads there. */
function nameNotes({ tried, selected, question }: EndTrace): readonly string[] {
  const byName = tried.find(({ clauses, effect, truth }) => {
    const [peer] = clauses.filter(({ kind }) => kind === 'peer');
    const isName = peer?.options.some(({ predicates }) =>
      predicates.some(({ about }) => about === 'name'),
    );
    return effect === 'allow' && truth !== 'yes' && isName === true;
  });
  if (byName === undefined || question.world.dataplane !== 'cilium') return [];
  const asking = { ...question, connection: { ...question.connection, port: 53, protocol: 'UDP' } };
  const rules = selected.flatMap(({ policy }) =>
    policy.rules.egress
      .filter(
        ({ effect, clauses }) =>
          effect === 'allow' &&
          clauses.some((clause) => clause.kind === 'port' && clauseHolds(clause, asking) === 'yes'),
      )
      .map((rule) => ({ policy, rule })),
  );
  const isSeen = rules.some(({ rule }) => rule.clauses.some(({ kind }) => kind === 'l7'));
  if (isSeen) return [];
  const [first] = rules;
  const where =
    first === undefined
      ? 'No rule admits look-ups of this pod to port 53'
      : `${policyText(first.policy)} ${pathText(first.rule.path)} admits look-ups without rules.dns`;
  return [
    `${where}, so its own look-ups pass the DNS proxy unseen, and ${ruleText(byName)} can match only what other pods of the node looked up. Add rules: dns: [{matchPattern: "*"}] there.`,
  ];
}
