import { pathText } from '../../core/manifest.ts';
import { policyName } from '../../core/policy-name.ts';
import type { Party } from '../facts.ts';
import type { Clause, CompiledPolicy, MissingFact, Question } from '../form.ts';
import { selects } from '../matching.ts';
import { partyText } from '../predicates/parties.ts';
import { hasPorts } from '../predicates/ports.ts';
import type { RuleRef } from '../outcome.ts';
import type { EndTrace } from '../trace.ts';
import { stableLabels } from './stable-labels.ts';

/** Nothing is offered where it is not known what decides. */
export const whyOpen = ([first]: readonly MissingFact[]): string =>
  `What decides is not known: ${first?.text ?? 'facts are missing'}.`;

/** Why no change is offered for an end that denies, and what would help. `wouldIsolate`: one was left out for that. */
export function whyNothing(trace: EndTrace, wouldIsolate: boolean): string {
  const { verdict, question } = trace;
  switch (verdict.reason) {
    case 'rule-deny':
      return deniedBy(trace);
    case 'auth-failed':
      return `${namesOf(verdict.decidedBy)} admits it to ends that have authenticated each other, and these had not: what has to be mended is their authentication, or the mode that the rule asks for. A rule without it would let in whoever claims to be them.`;
    default:
      if (wouldIsolate)
        return `A policy for ${partyText(question.subject)} alone cannot be written: pods that have the same lasting labels would be isolated by it too, and nothing isolates them now. ${namesOf(verdict.decidedBy)} tells them apart by labels that a roll-out changes.`;
      return (
        notNamed(question) ??
        `Each rule that could be written was weighed again, and none lets it through: ${namesOf(verdict.decidedBy) || verdict.stage} would still deny it (${verdict.reason}).`
      );
  }
}

/** What keeps a rule from being written. */
function notNamed({ connection, subject, peer, peerIp, world }: Question): string | undefined {
  const { protocol, port, icmp } = connection;
  if (protocol === '')
    return 'No rule can be written: the record does not say which protocol it was.';
  if (hasPorts(protocol) && port === undefined)
    return 'No rule can be written: the record does not say which port it was.';
  if (subject.kind !== 'pod')
    return `No rule is written for ${partyText(subject)}: policies of hosts are not suggested, since a wrong one cuts off a node.`;
  if (!canBeNamed(peer, peerIp, world.facts)) return `No rule can be written: ${nameless(peer)}.`;
  if (stableLabels(subject, world.facts) === undefined)
    return `No rule can be written: ${nameless(subject)}, and a rule in a policy that selects all pods would be one for all of them.`;
  if (!hasPorts(protocol) && icmp === undefined && /^ICMP/.test(protocol))
    return 'No rule can be written: the record does not say which ICMP message it was.';
  return undefined;
}

const canBeNamed = (
  peer: Party,
  ip: string | undefined,
  facts: Question['world']['facts'],
): boolean => {
  if (peer.kind === 'pod') return stableLabels(peer, facts) !== undefined;
  return peer.kind === 'reserved' || (peer.kind !== 'unresolved' && (ip ?? '') !== '');
};

function nameless(party: Party): string {
  const who = partyText(party);
  switch (party.kind) {
    case 'pod':
      return `${who} has no label that outlives a roll-out, by which a rule could name it`;
    case 'unresolved':
      return `nobody knows what ${who === '' ? 'the other end' : who} was`;
    default:
      return `the address of ${who} is not known`;
  }
}

/** How many of the pods that are known a policy applies to. */
export function selectedPods(policy: CompiledPolicy, question: Question): number {
  const pods = [...question.world.facts.pods.values()];
  return pods.filter((subject) => selects(policy, { ...question, subject }) === 'yes').length;
}

/** Of what is denied by a rule: why no exception is offered, and what a person can do. */
function deniedBy({ verdict, question }: EndTrace): string {
  const [decided] = verdict.rules;
  if (decided === undefined) return `It is denied by ${namesOf(verdict.decidedBy)}.`;
  const { policy, rule } = decided;
  const scope = `It selects ${selectedPods(policy, question)} of the ${question.world.facts.pods.size} pods that are known.`;
  const others =
    verdict.decidedBy.length > 1
      ? ` The same goes for ${namesOf(verdict.decidedBy.slice(1))}.`
      : '';
  return `${namesOf([policy])} denies it in ${pathText(rule.path)}${whatHelps(decided, question)} ${scope}${others}`;
}

function whatHelps({ policy, rule }: RuleRef, question: Question): string {
  const reason = notNamed(question);
  const unnamed = reason === undefined ? '' : ` ${reason}`;
  switch (policy.family) {
    case 'npapi':
      return ', which administrators put before all other policies: no added rule of a namespace helps. A rule that accepts it would have to stand before that one, or in a policy whose priority is a lower number.';
    case 'calico':
      return `, and the first rule that matches decides: a rule that allows it would have to stand before that one, or in a policy of a lower order in tier ${policy.ref.tier}.${unnamed}`;
    default: {
      const peers = rule.clauses.find(({ kind }) => kind === 'peer');
      return `, and a deny wins over every allow: no added rule helps. ${noException(peers)} Narrow that rule, or what its policy selects.${unnamed}`;
    }
  }
}

/** Why the peers of a denial of Cilium cannot be made fewer by this one. */
function noException(peers: Clause | undefined): string {
  if (peers === undefined) return 'It names no peers, so that it means everybody.';
  const where = pathText(peers.path);
  if (/Entities$/.test(where))
    return `${where} is about entities, which have no exceptions: what is meant has to be named by labels or blocks in their place.`;
  if (/CIDR(?:Set)?$/.test(where))
    return `${where} names this address and no block around it: who wants it let through takes it out.`;
  return `${where} has no exception for this peer alone that can be written.`;
}

const namesOf = (policies: readonly CompiledPolicy[]): string =>
  [...new Set(policies.map(({ ref }) => `${ref.kind} ${policyName(ref)}`))].join(', ');
