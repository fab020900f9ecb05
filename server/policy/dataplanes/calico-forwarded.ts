import { isRecord } from '../../core/manifest.ts';
import { combine } from '../combine.ts';
import { hostItem, selectsItem, type Item } from '../dialects/calico-items.ts';
import type { CalicoReferences, HostEndpoint } from '../dialects/calico-references.ts';
import { parseSelector } from '../dialects/calico-selector-parse.ts';
import type { PodParty } from '../facts.ts';
import type { CompiledPolicy, MissingFact, Question, Stage, Unmatched } from '../form.ts';
import type { Outcome } from '../outcome.ts';

/** The stages of policies in tiers, each with what its end does. */
export type Tiers = (policies: readonly CompiledPolicy[]) => readonly Stage[];

/**
 * What goes through the host of a pod, to it or from it, may meet policies with `applyOnForward` there. An endpoint for
 * all interfaces sees all of it; through which of several it goes no record says, so that the others may see it.
 */
export function forwardedStage(
  references: CalicoReferences,
  policies: readonly CompiledPolicy[],
  tiers: Tiers,
): readonly Stage[] {
  const forwarding = policies.filter((policy) => specOf(policy)['applyOnForward'] === true);
  if (references.hostEndpoints.length === 0 || forwarding.length === 0) return [];
  const decide = forwardedOutcomes(references, forwarding, tiers);
  return [
    {
      ...{ name: 'host endpoint', combine: 'first-match', policies: [] },
      unmatched: (_, question) => ({ outcomes: decide(question) }),
    },
  ];
}

const specOf = ({ manifest }: CompiledPolicy): Readonly<Record<string, unknown>> =>
  isRecord(manifest['spec']) ? manifest['spec'] : {};

type Outcomes = Unmatched['outcomes'];

const NEXT = { outcome: 'next', reason: 'no-policy' } as const;

function forwardedOutcomes(
  { hostEndpoints }: CalicoReferences,
  forwarding: readonly CompiledPolicy[],
  tiers: Tiers,
): (question: Question) => Outcomes {
  const isEarly = (policy: CompiledPolicy): boolean =>
    specOf(policy)['doNotTrack'] === true || specOf(policy)['preDNAT'] === true;
  const stages = tiers(forwarding.filter((policy) => !isEarly(policy)));
  const early = forwarding.filter(isEarly);
  return (question) => {
    const { subject, peer, way, world } = question;
    if (subject.kind !== 'pod' || staysOnNode(subject, peer)) return [NEXT];
    const hosts = hostEndpoints.filter(
      ({ node }) => subject.node === undefined || node === subject.node,
    );
    const denials = hosts.flatMap((host) => {
      const item = hostItem(host, world.facts);
      const isAsked = (policy: CompiledPolicy): boolean =>
        policy.ways.has(way) && selectsHost(policy, item);
      // These see the connection before services change it, and what that was no record says.
      const mayDeny = early.some(
        (policy) => isAsked(policy) && policy.rules[way].some(({ effect }) => effect === 'deny'),
      );
      const denial = mayDeny ? OPEN : denialAt(stages, isAsked, question);
      return denial === undefined
        ? []
        : [{ ...denial, isSure: denial.isSure && seesAll(host, subject) }];
    });
    const sure = denials.find(({ isSure }) => isSure);
    if (sure !== undefined) return [sure.outcome];
    const text = `what the host endpoints of ${subject.node ?? 'its node'} do to what they forward`;
    const missing: MissingFact = { kind: 'reference', text };
    return [...denials.map(({ outcome }) => ({ ...outcome, missing })), NEXT];
  };
}

/** A way in which the policies of one endpoint may deny it. */
type Denial = { readonly outcome: Outcomes[number]; readonly isSure: boolean };

const OPEN: Denial = { outcome: { outcome: 'deny', reason: 'default-deny' }, isSure: false };

/** What they allow, or do not decide, goes on to the policies of the pod. */
function denialAt(
  stages: readonly Stage[],
  isAsked: (policy: CompiledPolicy) => boolean,
  question: Question,
): Denial | undefined {
  const final: Outcome[] = [];
  let mayGoOn = true;
  for (const stage of stages) {
    const selected = stage.policies
      .filter(isAsked)
      .map((policy) => ({ policy, truth: 'yes' }) as const);
    if (selected.length === 0) continue;
    const outcomes = combine(stage, selected, question, []);
    final.push(...outcomes.filter(({ outcome }) => outcome !== 'next'));
    mayGoOn = outcomes.some(({ outcome }) => outcome === 'next');
    if (!mayGoOn) break;
  }
  const denial = final.find(({ outcome }) => outcome === 'deny');
  if (denial === undefined) return undefined;
  const { reason, rules } = denial;
  return {
    outcome: { outcome: 'deny', reason, ...(rules.length === 0 ? {} : { rules }) },
    isSure: !mayGoOn && final.every(({ outcome }) => outcome === 'deny'),
  };
}

/** Whether all that is forwarded to a pod goes through it. */
const seesAll = ({ interfaceName, node }: HostEndpoint, subject: PodParty): boolean =>
  interfaceName === '*' && node === subject.node;

const staysOnNode = (subject: PodParty, peer: Question['peer']): boolean =>
  peer.kind === 'pod' && subject.node !== undefined && peer.node === subject.node;

/** A policy that looks at namespaces or service accounts is for pods. */
function selectsHost(policy: CompiledPolicy, item: Item): boolean {
  const { selector, namespaceSelector, serviceAccountSelector } = specOf(policy);
  if ([namespaceSelector, serviceAccountSelector].some((each) => each !== undefined && each !== ''))
    return false;
  const read = parseSelector(typeof selector === 'string' ? selector : '');
  return read.ok && selectsItem(read.selector, item) !== 'no';
}
