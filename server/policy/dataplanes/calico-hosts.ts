import { isRecord } from '../../core/manifest.ts';
import {
  allowsByProfile,
  FAILSAFE,
  hostEndpointOf,
  UNKNOWN_HOST,
} from '../dialects/calico-hosts.ts';
import { hostItem, selectsItem } from '../dialects/calico-items.ts';
import { parseSelector } from '../dialects/calico-selector-parse.ts';
import { calicoReferences, type CalicoReferences } from '../dialects/calico-references.ts';
import type { PodParty } from '../facts.ts';
import type { Before, CompiledPolicy, Question, Stage, Unmatched } from '../form.ts';
import { partyText } from '../predicates/parties.ts';
import { beforePod, isOwnNode } from './before-pod.ts';

/**
 * What Calico lets through or leaves alone before it asks any policy. What a pod sends to its own node is judged by its
 * policies; what then becomes of it is `defaultEndpointToHostAction`, which installations set to accept.
 */
export const beforePolicies = (question: Question): Before | undefined =>
  question.subject.kind === 'pod' ? beforePod(question) : beforeHost(question);

/** Hosts are judged where they have an endpoint, but for their own pods and the ports that keep them reachable. */
function beforeHost({
  subject,
  subjectIp,
  peer,
  way,
  connection,
  world,
}: Question): Before | undefined {
  const host = hostEndpointOf(calicoReferences(world.references), subject, subjectIp);
  if (host === undefined) return { outcome: 'not-subject' };
  if (peer.kind === 'pod' && isOwnNode(peer, subject))
    return { outcome: 'allow', reason: 'own-node' };
  if (host === UNKNOWN_HOST) {
    const text = `which host endpoint of ${partyText(subject)} the connection goes through`;
    return {
      outcome: 'undetermined',
      reason: 'insufficient-data',
      missing: { kind: 'reference', text },
    };
  }
  const isFailsafe = FAILSAFE[way].some(
    ({ protocol, port }) => connection.protocol === protocol && connection.port === port,
  );
  return isFailsafe ? { outcome: 'allow', reason: 'no-policy' } : undefined;
}

/** Endpoints made by hand deny what no policy admits. */
export function isDeniedByHost(
  { subject, subjectIp }: Question,
  references: CalicoReferences,
): boolean {
  const host = hostEndpointOf(references, subject, subjectIp);
  return host !== undefined && host !== UNKNOWN_HOST && !allowsByProfile(host);
}

/**
 * What goes through the host of a pod, to it or from it, may meet policies with `applyOnForward` there. Through which
 * interface it goes no record says, so that they may deny it.
 */
export function forwardedStage(
  references: CalicoReferences,
  policies: readonly CompiledPolicy[],
): readonly Stage[] {
  const forwarding = policies.filter(
    ({ manifest }) => isRecord(manifest['spec']) && manifest['spec']['applyOnForward'] === true,
  );
  if (references.hostEndpoints.length === 0 || forwarding.length === 0) return [];
  return [
    {
      name: 'host endpoint',
      combine: 'first-match',
      policies: [],
      unmatched: (_, question) => ({
        outcomes: forwardedOutcomes(question, references, forwarding),
      }),
    },
  ];
}

function forwardedOutcomes(
  { subject, peer, way, world }: Question,
  { hostEndpoints }: CalicoReferences,
  forwarding: readonly CompiledPolicy[],
): Unmatched['outcomes'] {
  const next = { outcome: 'next', reason: 'no-policy' } as const;
  if (subject.kind !== 'pod' || staysOnNode(subject, peer)) return [next];
  const hosts = hostEndpoints.filter(
    ({ node }) => subject.node === undefined || node === subject.node,
  );
  const isSelected = hosts.some((host) =>
    forwarding.some(
      (policy) => policy.ways.has(way) && selectsHost(policy, hostItem(host, world.facts)),
    ),
  );
  if (!isSelected) return [next];
  const text = `what the host endpoints of ${subject.node ?? 'its node'} do to what they forward`;
  return [{ outcome: 'deny', reason: 'default-deny', missing: { kind: 'reference', text } }, next];
}

const staysOnNode = (subject: PodParty, peer: Question['peer']): boolean =>
  peer.kind === 'pod' && subject.node !== undefined && peer.node === subject.node;

function selectsHost({ manifest }: CompiledPolicy, item: ReturnType<typeof hostItem>): boolean {
  const spec = manifest['spec'];
  const text = isRecord(spec) && typeof spec['selector'] === 'string' ? spec['selector'] : '';
  const read = parseSelector(text);
  return read.ok && selectsItem(read.selector, item) !== 'no';
}
