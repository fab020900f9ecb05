import { NO_POLICY, RETIRED, type DropAdvice } from './entry.ts';

/** Reasons about where a packet should go next. */
export const ROUTING_ADVICE: readonly DropAdvice[] = [
  {
    code: 'UNKNOWN_L3_TARGET_ADDRESS',
    means:
      'Somebody asked for the link address of an IP address that this node does not answer for, or the next hop is not known. Mostly it is IPv6 neighbour discovery.',
    policy: NO_POLICY,
    causes: [
      "A pod's IPv6 neighbour solicitation for an address other than its gateway.",
      'Duplicate address detection of an address that was just assigned. Harmless.',
      'Another network plugin next to Cilium expects neighbours to answer.',
    ],
    next: ['Which address is asked for, and who should have it.'],
    commands: ['watch', 'podByDestination', 'config'],
    checks: ['protocols', 'address-owner'],
  },
  {
    code: 'STALE_OR_UNROUTABLE_IP',
    means:
      'The destination lies where only pods of the cluster are, and the node knows no pod with that address: there is none any more, or not yet. The packet has nowhere to go.',
    policy: NO_POLICY,
    causes: [
      'The pod is gone, and the client still uses its address: a kept connection, a cached DNS answer, a target list that is not refreshed.',
      'The pod just started, and its address has not reached this node yet.',
      'The answer of a pod to a client that is gone.',
      'The address of a node or an outside network overlaps with the range of pods.',
    ],
    next: [
      'Which pod had the address, and until when.',
      'Whether the client should follow the service instead of the address.',
    ],
    commands: ['podByDestination', 'ipcacheDestination', 'endpoints'],
    checks: ['address-owner', 'stale-connection', 'identity'],
  },
  {
    code: 'NO_MATCHING_LOCAL_CONTAINER_FOUND',
    means: `The packet reached a node on which no pod has its destination address. ${RETIRED}`,
    policy: NO_POLICY,
    causes: ['The pod is gone and others still send to it.'],
    next: ['Which pod had the address, and until when.'],
    commands: ['podByDestination', 'ipcacheDestination', 'endpoints'],
    checks: ['address-owner', 'stale-connection'],
  },
  {
    code: 'LOCAL_HOST_IS_UNREACHABLE',
    means: 'The packet is for the node itself, and the datapath has no way to hand it over.',
    policy: NO_POLICY,
    causes: [
      'The interface of the node (cilium_host) is missing or was changed by hand.',
      'The agent is still starting.',
    ],
    next: ['Interfaces of the node, and the log of the agent.'],
    commands: ['links', 'status', 'logs'],
    checks: [],
  },
  {
    code: 'FIB_LOOKUP_FAILED',
    means:
      "The kernel's routing table gave no usable way to the destination: no route, a route that forbids it, or a next hop whose link address is not known.",
    policy: NO_POLICY,
    causes: [
      'No route to the destination on this node, or one that says unreachable or blackhole.',
      'The next hop does not answer, so that its link address is not known yet. The first packets of a connection may be lost like this.',
      'The route leads out of an interface that Cilium does not watch.',
      'The packet needs to be fragmented for that route.',
    ],
    next: [
      'The route to the destination, on the node that reported.',
      'Whether the next hop answers, and which devices Cilium uses.',
    ],
    commands: ['route', 'links', 'status'],
    checks: ['address-owner'],
  },
  {
    code: 'NO_SID',
    means:
      'SRv6 is on, and there is no segment to send this packet along: no policy for its source and destination has one.',
    policy: NO_POLICY,
    causes: [
      'The egress policy of SRv6 has no entry for the destination.',
      'The segment was withdrawn, or BGP has not announced it yet.',
    ],
    next: ['SRv6 policies and segments on the node.', 'BGP sessions that announce them.'],
    commands: ['segments', 'logs', 'config'],
    checks: [],
  },
  {
    code: 'MISSING_SRV6_STATE',
    means: `SRv6 is on, and what is known of this packet's way was lost between two steps. ${RETIRED}`,
    policy: NO_POLICY,
    causes: ['A fault in the datapath of that version.'],
    next: ['Known faults of the version.'],
    commands: ['segments', 'status', 'logs'],
    checks: [],
  },
];
