import {
  allowsByProfile,
  FAILSAFE,
  hostEndpointOf,
  UNKNOWN_HOST,
} from '../dialects/calico-hosts.ts';
import { calicoReferences, type CalicoReferences } from '../dialects/calico-references.ts';
import type { Before, Question } from '../form.ts';
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
