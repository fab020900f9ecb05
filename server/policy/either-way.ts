import type { EndVerdict } from './evaluate.ts';
import type { Party } from './facts.ts';
import type { Question } from './form.ts';

type Decide = (question: Question) => EndVerdict | undefined;

/**
 * An address that nobody knows was that of a pod, or outside. Where that leaves it open, both are weighed: policies that
 * let in the cluster and the world let it in whatever it was.
 */
export function eitherWay(question: Question, decide: Decide): EndVerdict | undefined {
  const verdict = decide(question);
  const { peer } = question;
  if (verdict?.verdict !== 'undetermined' || peer.kind !== 'unresolved' || peer.ip === '')
    return verdict;
  const [asPod, asOutside] = possible(peer, question).map((each) =>
    decide({ ...question, peer: each }),
  );
  if (asPod === undefined || asPod.verdict !== asOutside?.verdict) return verdict;
  if (asPod.verdict === 'undetermined') return verdict;
  return {
    ...asPod,
    reason: asPod.reason === asOutside.reason ? asPod.reason : 'varies',
    decidedBy: [...new Set([...asPod.decidedBy, ...asOutside.decidedBy])],
    rules: [
      ...asPod.rules,
      ...asOutside.rules.filter(({ rule }) => asPod.rules.every((other) => other.rule !== rule)),
    ],
  };
}

function possible(
  peer: Extract<Party, { kind: 'unresolved' }>,
  { world }: Question,
): readonly Party[] {
  const { ip } = peer;
  const apiServer = world.facts.apiServerIps.includes(ip);
  return [
    { ...peer, takenAs: 'pod' },
    { kind: 'address', ip, names: undefined, apiServer },
  ];
}
