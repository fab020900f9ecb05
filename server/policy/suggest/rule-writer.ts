import type { Manifest, ManifestPath } from '../../core/manifest.ts';
import type { ClusterFacts, Party, PodParty } from '../facts.ts';
import type { CompiledPolicy, Family, Question } from '../form.ts';
import { hasPorts } from '../predicates/ports.ts';
import type { EndTrace } from '../trace.ts';
import { stableLabels } from './stable-labels.ts';

/** Writes rules in one dialect. `undefined` where the dialect cannot say it, or a fact is missing. */
export type RuleWriter = {
  readonly family: Family;
  /** List of rules in which those of a way stand. */
  rulesPath(question: Question): ManifestPath;
  /** Field of a rule with its peers; `undefined` where a rule's peers cannot be added to. */
  readonly peersField: ((question: Question) => string) | undefined;
  /** Field of a rule with its ports; likewise. */
  readonly portsField: string | undefined;
  peer(question: Question, namespace: string): unknown;
  port(question: Question): unknown;
  rule(question: Question, namespace: string): unknown;
  /** Ways to write that rule into a policy, the one that opens least first. */
  variants(rule: unknown, trace: EndTrace, policy: CompiledPolicy): readonly unknown[];
  /**
   * Policies of their own for the subject, with that rule alone, the plainest first. In a tier, where one is meant and
   * the dialect has them.
   */
  policies(question: Question, name: string, tier: string | undefined): readonly Manifest[];
};

export const isIngress = ({ way }: Question): boolean => way === 'ingress';

export const labelsOf = (party: PodParty, facts: ClusterFacts) => stableLabels(party, facts);

/** One address and no more: a wider block is for people to choose. */
export function addressBlock(party: Party, ip: string | undefined): string | undefined {
  const address = ip ?? ('ip' in party ? party.ip : undefined);
  return address === undefined || address === ''
    ? undefined
    : `${address}/${address.includes(':') ? 128 : 32}`;
}

export const numberedPort = ({ connection: { protocol, port } }: Question) =>
  hasPorts(protocol) && port !== undefined ? { protocol, port } : undefined;

export function subjectMeta(question: Question, name: string) {
  const { subject, world } = question;
  if (subject.kind !== 'pod') return undefined;
  const labels = labelsOf(subject, world.facts);
  return labels && { metadata: { name, namespace: subject.namespace }, labels };
}
