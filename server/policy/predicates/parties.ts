import type { Party, PodParty } from '../facts.ts';
import type { MissingFact, Question } from '../form.ts';
import type { Truth } from '../truth.ts';

/** The end that a predicate looks at. */
export type End = 'subject' | 'peer';

/** How an end is called in an explanation. */
export function partyText(party: Party): string {
  switch (party.kind) {
    case 'pod':
      return `${party.namespace}/${party.name}`;
    case 'node':
      return party.name === '' ? 'a node' : `node ${party.name}`;
    case 'address':
      return party.set === undefined ? party.ip : `network set ${party.set.name}`;
    case 'unresolved':
      return party.ip;
    case 'reserved':
      return party.entity;
  }
}

/**
 * Asks a question of a pod. Nodes and outside addresses are no pods, whatever is asked; an address that nobody knows
 * may have been one, and a pod that may share its node's network may not be told from the node.
 */
export function askPod(party: Party, test: (pod: PodParty) => Truth): Truth {
  if (party.kind === 'unresolved') return 'unknown';
  if (party.kind !== 'pod') return 'no';
  const answer = test(party);
  return answer === 'yes' && party.hostNetwork === undefined ? 'unknown' : answer;
}

/** What is missing where a pod's answer is open for a reason that is not the question's own. */
export function missingPod(party: Party): MissingFact | undefined {
  if (party.kind === 'unresolved')
    return { kind: 'labels', text: `whether ${party.ip} was a pod, and which labels it had` };
  if (party.kind === 'pod' && party.hostNetwork === undefined)
    return {
      kind: 'labels',
      text: `whether ${partyText(party)} is on the network of its node`,
    };
  return undefined;
}

/** Whether an end is the same pod; one of no known name is only itself. */
export const isSamePod = (pod: PodParty, other: Party): boolean =>
  other === pod ||
  (other.kind === 'pod' &&
    pod.name !== '' &&
    other.name === pod.name &&
    other.namespace === pod.namespace);

/** What the end is, where it is no pod; `undefined` for a pod. */
export const noPodText = (party: Party): string | undefined =>
  party.kind === 'pod' ? undefined : `${partyText(party)}, which is ${NO_POD[party.kind]}`;

const NO_POD = {
  node: 'no pod',
  address: 'outside the cluster',
  reserved: 'no pod',
  unresolved: 'not known',
} as const;

/** The end whose ports are meant, in either direction. */
export const serverOf = ({ way, subject, peer }: Question): Party =>
  way === 'egress' ? peer : subject;
