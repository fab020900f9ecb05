import { ENDPOINT_ENTITIES, isOwnNode } from '../dialects/cilium-identity.ts';
import type { Party } from '../facts.ts';
import type {
  Before,
  CompiledPolicy,
  DataplaneRules,
  MissingFact,
  Question,
  Stage,
  Unmatched,
  World,
} from '../form.ts';
import { isSamePod, partyText } from '../predicates/parties.ts';
import { clusterNetworkPolicies, mayAccept } from './cilium-admin.ts';
import { heldBack } from './cilium-held-back.ts';
import { adminStage } from './kubernetes.ts';

/** Cilium: tiers of administrators around one union of all ordinary policies, in which deny wins (5.1–5.5). */
export const ciliumRules: DataplaneRules = {
  enforces: (family, { clusterNetworkPolicy }) =>
    family === 'k8s' || family === 'cilium' || (family === 'npapi' && clusterNetworkPolicy),
  before: (question) =>
    subjectTo(question) ??
    modeNever(question) ??
    fromOwnNode(question) ??
    loopback(question) ??
    alwaysPassed(question) ??
    modeUnknown(question),
  stages(policies, world) {
    const admin = clusterNetworkPolicies(policies, world);
    const baseline = adminStage(admin, 'Baseline', 'deny-first');
    return [adminStage(admin, 'Admin', 'deny-first'), ordinaryStage(policies, baseline), baseline];
  },
};

function subjectTo({ subject, world }: Question): Before | undefined {
  const isSubject =
    subject.kind === 'pod' ||
    (isHost(subject) && world.settings.hostFirewall) ||
    (subject.kind === 'reserved' && ENDPOINT_ENTITIES.has(subject.entity));
  return isSubject ? undefined : { outcome: 'not-subject' };
}

const isHost = (party: Party): boolean =>
  party.kind === 'node' ||
  (party.kind === 'reserved' && (party.entity === 'host' || party.entity === 'remote-node'));

const modeNever = ({ world }: Question): Before | undefined =>
  world.settings.policyEnforcementMode === 'never'
    ? { outcome: 'allow', reason: 'enforcement-never' }
    : undefined;

/** Probes of the kubelet must reach pods; what a pod sends to its node is judged. */
function fromOwnNode(question: Question): Before | undefined {
  if (question.way === 'egress' || isHost(question.subject)) return undefined;
  const own = isOwnNode(question, 'peer');
  if (own === 'no') return undefined;
  if (own === 'yes') return { outcome: 'allow', reason: 'own-node' };
  const text = `whether ${partyText(question.subject)} runs on ${partyText(question.peer)}`;
  return { outcome: 'maybe-allow', reason: 'insufficient-data', missing: { kind: 'labels', text } };
}

/** A pod that reaches itself through its own service is let through; of IPv6 nothing is promised. */
function loopback({ subject, peer, subjectIp, peerIp }: Question): Before | undefined {
  if (subject.kind !== 'pod' || !isSamePod(subject, peer)) return undefined;
  if (subjectIp?.includes(':') !== true && peerIp?.includes(':') !== true)
    return { outcome: 'allow', reason: 'no-policy' };
  const text = 'whether a pod may reach itself over IPv6';
  const missing: MissingFact = { kind: 'loopback', text };
  return { outcome: 'maybe-allow', reason: 'loopback-unspecified', missing };
}

/** Types of ICMPv6 by which neighbours and routers are found. */
const DISCOVERY = { first: 133, last: 137 } as const;

/** "Fragmentation needed" is part of every connection, and the network itself needs neighbour discovery. */
function alwaysPassed({ connection: { protocol, icmp } }: Question): Before | undefined {
  const passes =
    icmp !== undefined &&
    (protocol === 'ICMP'
      ? icmp.type === 3 && icmp.code === 4
      : protocol === 'ICMPv6' && icmp.type >= DISCOVERY.first && icmp.type <= DISCOVERY.last);
  return passes ? { outcome: 'allow', reason: 'no-policy' } : undefined;
}

const MODE: MissingFact = {
  kind: 'setting',
  text: 'policyEnforcementMode of the agents (it may be "never" or "always")',
};

const modeUnknown = ({ world }: Question): Before | undefined =>
  world.settings.policyEnforcementMode === undefined
    ? { outcome: 'maybe-allow', reason: 'insufficient-data', missing: MODE }
    : undefined;

/** NetworkPolicy, CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy together. */
function ordinaryStage(policies: readonly CompiledPolicy[], baseline: Stage): Stage {
  const ordinary = policies.filter(({ family }) => family === 'k8s' || family === 'cilium');
  const findHeldBack = heldBack(ordinary);
  return {
    name: 'ordinary policy',
    combine: 'deny-overrides',
    policies: ordinary,
    unmatched(state, question) {
      const held = findHeldBack(question);
      if (held?.isSure === true) return { outcomes: [held.outcome] };
      const isolated = isIsolatedAnyway(question) ? 'yes' : state.isolated;
      const outcomes: Unmatched['outcomes'][number][] = held === undefined ? [] : [held.outcome];
      if (isolated !== 'no') outcomes.push(...denied(question, baseline));
      if (isolated !== 'yes') {
        outcomes.push({
          outcome: 'next',
          reason: state.selected === 'no' ? 'no-policy' : 'no-match',
        });
        if (mayBeAlways(question.world) && isolated === 'no')
          outcomes.push({ outcome: 'deny', reason: 'default-deny', missing: MODE });
      }
      return { outcomes };
    },
  };
}

/** Where no policy has to isolate: by the mode, or since the end has no labels yet. */
const isIsolatedAnyway = ({ subject, world }: Question): boolean =>
  world.settings.policyEnforcementMode === 'always' ||
  (subject.kind === 'reserved' && subject.entity === 'init');

const mayBeAlways = ({ settings }: World): boolean => settings.policyEnforcementMode === undefined;

const TIERS: MissingFact = {
  kind: 'version',
  text: 'whether a Baseline policy is reached past a default deny in this version of Cilium',
};

/** The API ends there; a version of Cilium asks Baseline first. That matters where Baseline would admit. */
function denied(question: Question, baseline: Stage): Unmatched['outcomes'] {
  const deny = { outcome: 'deny', reason: 'default-deny' } as const;
  return mayAccept(baseline, question)
    ? [
        { ...deny, missing: TIERS },
        { outcome: 'next', reason: 'no-match', missing: TIERS },
      ]
    : [deny];
}
