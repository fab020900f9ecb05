import type { Party, PodParty } from '../facts.ts';
import type { Before, MissingFact, Question } from '../form.ts';
import { isSamePod, partyText } from '../predicates/parties.ts';

/**
 * What decides at a pod before policies do, wherever the API is followed: its own node reaches it always. What it sends
 * to its own node is judged.
 */
export function beforePod(question: Question): Before | undefined {
  const { subject, peer, way } = question;
  if (subject.kind !== 'pod') return { outcome: 'not-subject' };
  if (way === 'ingress') {
    if (isOwnNode(subject, peer)) return { outcome: 'allow', reason: 'own-node' };
    const open = ownNodeUnknown(question);
    if (open !== undefined) return open;
  }
  return loopback(question) ?? hostNetworkUnknown(question);
}

/** A node without a name is one that is not known. */
export const isOwnNode = (subject: PodParty, peer: Party): boolean =>
  peer.kind === 'node' && peer.name !== '' && subject.node === peer.name;

/** Open only where the policies deny, since an own node would be let through. */
export function ownNodeUnknown(
  question: Question,
): (Before & { missing: MissingFact }) | undefined {
  const { subject, peer } = question;
  if (subject.kind !== 'pod' || peer.kind !== 'node') return undefined;
  if (subject.node !== undefined && peer.name !== '') return undefined;
  const text = `whether ${partyText(subject)} runs on ${partyText(peer)}`;
  return { outcome: 'maybe-allow', reason: 'insufficient-data', missing: { kind: 'labels', text } };
}

/** Whether policies judge what a pod sends to itself is left open by the API. */
function loopback({ subject, peer }: Question): Before | undefined {
  if (subject.kind !== 'pod' || !isSamePod(subject, peer)) return undefined;
  const text = 'whether policies judge traffic of a pod with itself';
  return {
    outcome: 'maybe-allow',
    reason: 'loopback-unspecified',
    missing: { kind: 'loopback', text },
  };
}

/** Pods on the network of their node are not subject to policy. */
function hostNetworkUnknown({ subject }: Question): Before | undefined {
  if (subject.kind !== 'pod' || subject.hostNetwork !== undefined) return undefined;
  const text = `whether ${partyText(subject)} is on the network of its node`;
  return { outcome: 'maybe-allow', reason: 'insufficient-data', missing: { kind: 'labels', text } };
}
