import type { Party } from '../facts.ts';
import { hostEndpointsAt, type CalicoReferences, type HostEndpoint } from './calico-references.ts';

/** There are host endpoints, and it is not known which of them the traffic goes through. */
export const UNKNOWN_HOST = Symbol('unknown host endpoint');

/** The endpoint that policies of a host apply to. Without one its traffic is not judged. */
export function hostEndpointOf(
  references: CalicoReferences,
  party: Party,
  ip: string | undefined,
): HostEndpoint | typeof UNKNOWN_HOST | undefined {
  if (references.hostEndpoints.length === 0 || party.kind === 'pod') return undefined;
  const [byAddress] = hostEndpointsAt(references, ip);
  if (byAddress !== undefined) return byAddress;
  if (party.kind !== 'node') return undefined;
  if (party.name === '') return UNKNOWN_HOST;
  const own = references.hostEndpoints.filter(({ node }) => node === party.name);
  const everywhere = own.find(({ interfaceName }) => interfaceName === '*');
  if (everywhere !== undefined) return everywhere;
  // Those with addresses are for other interfaces than the one that was used, if its address is known.
  const possible = ip === undefined ? own : own.filter(({ ips }) => ips.length === 0);
  return possible.length === 0 ? undefined : UNKNOWN_HOST;
}

type Failsafe = { readonly protocol: 'TCP' | 'UDP'; readonly port: number };

const tcp = (port: number): Failsafe => ({ protocol: 'TCP', port });
const udp = (port: number): Failsafe => ({ protocol: 'UDP', port });
const BOTH_WAYS = [179, 2379, 2380, 5473, 6443, 6666, 6667].map(tcp);

/** Ports of a host that are open whatever its policies say, unless Felix is told otherwise. */
export const FAILSAFE = {
  ingress: [...BOTH_WAYS, tcp(22), udp(68)],
  egress: [...BOTH_WAYS, udp(53), udp(67)],
} as const;

/** Endpoints that Calico makes itself admit what no policy decides; those made by hand deny it. */
export const allowsByProfile = ({ profiles }: HostEndpoint): boolean =>
  profiles.includes('projectcalico-default-allow');
