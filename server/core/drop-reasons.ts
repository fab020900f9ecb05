/** What a drop reason is about. `policy` is the only one that a change of network policy can cure. */
export type DropCategory =
  | 'policy'
  | 'identity'
  | 'malformed'
  | 'conntrack'
  | 'nat'
  | 'routing'
  | 'service'
  | 'datapath'
  | 'rate-limit'
  | 'egress-gateway'
  | 'encryption'
  | 'vlan'
  | 'handled'
  | 'unknown';

export type DropReason = {
  /** Hubble's enum name; ours for what Hubble does not name; the raw text of a reason newer than this program. */
  readonly code: string;
  /** Cilium's number, where there is one. */
  readonly number: number | undefined;
  readonly category: DropCategory;
  /** One clause for a person, fit to follow "Dropped: ". */
  readonly words: string;
};

type Row = readonly [number, string, DropCategory, string];

/**
 * `flow.DropReason` of Cilium 1.19.4. Some enum names mislead about what the datapath means (136, 161);
 * the words say what is meant.
 */
const CILIUM: readonly Row[] = [
  [0, 'DROP_REASON_UNKNOWN', 'unknown', 'the source gave no reason'],
  [130, 'INVALID_SOURCE_MAC', 'identity', 'source MAC address is not that of the pod'],
  [131, 'INVALID_DESTINATION_MAC', 'identity', 'destination MAC address is not valid here'],
  [132, 'INVALID_SOURCE_IP', 'identity', 'source address does not belong to the sender'],
  [133, 'POLICY_DENIED', 'policy', 'no network policy allows it (default deny)'],
  [134, 'INVALID_PACKET_DROPPED', 'malformed', 'packet is not valid'],
  [135, 'CT_TRUNCATED_OR_INVALID_HEADER', 'malformed', 'header is cut short or not valid'],
  [
    136,
    'CT_MISSING_TCP_ACK_FLAG',
    'malformed',
    'packet is larger than the path allows (fragmentation needed)',
  ],
  [
    137,
    'CT_UNKNOWN_L4_PROTOCOL',
    'malformed',
    'connection tracking does not know this L4 protocol',
  ],
  [
    138,
    'CT_CANNOT_CREATE_ENTRY_FROM_PACKET',
    'conntrack',
    'this packet cannot begin a tracked connection',
  ],
  [139, 'UNSUPPORTED_L3_PROTOCOL', 'malformed', 'L3 protocol is not supported'],
  [140, 'MISSED_TAIL_CALL', 'datapath', 'datapath program was being replaced or is incomplete'],
  [141, 'ERROR_WRITING_TO_PACKET', 'datapath', 'datapath could not write to the packet'],
  [142, 'UNKNOWN_L4_PROTOCOL', 'malformed', 'L4 protocol is not known'],
  [143, 'UNKNOWN_ICMPV4_CODE', 'malformed', 'ICMP code is not known'],
  [144, 'UNKNOWN_ICMPV4_TYPE', 'malformed', 'ICMP type is not known'],
  [145, 'UNKNOWN_ICMPV6_CODE', 'malformed', 'ICMPv6 code is not known'],
  [146, 'UNKNOWN_ICMPV6_TYPE', 'malformed', 'ICMPv6 type is not known'],
  [147, 'ERROR_RETRIEVING_TUNNEL_KEY', 'routing', 'tunnel key could not be read'],
  [148, 'ERROR_RETRIEVING_TUNNEL_OPTIONS', 'routing', 'tunnel options could not be read'],
  [149, 'INVALID_GENEVE_OPTION', 'routing', 'Geneve option is not valid'],
  [150, 'UNKNOWN_L3_TARGET_ADDRESS', 'routing', 'next hop for this address is not known'],
  [151, 'STALE_OR_UNROUTABLE_IP', 'routing', 'address is stale or cannot be routed'],
  [152, 'NO_MATCHING_LOCAL_CONTAINER_FOUND', 'routing', 'no local pod has this address'],
  [153, 'ERROR_WHILE_CORRECTING_L3_CHECKSUM', 'datapath', 'L3 checksum could not be corrected'],
  [154, 'ERROR_WHILE_CORRECTING_L4_CHECKSUM', 'datapath', 'L4 checksum could not be corrected'],
  [155, 'CT_MAP_INSERTION_FAILED', 'conntrack', 'connection table is full or refused the entry'],
  [156, 'INVALID_IPV6_EXTENSION_HEADER', 'malformed', 'IPv6 extension header is not valid'],
  [157, 'IP_FRAGMENTATION_NOT_SUPPORTED', 'malformed', 'IP fragments are not supported'],
  [158, 'SERVICE_BACKEND_NOT_FOUND', 'service', 'service has no backend that could take it'],
  [
    160,
    'NO_TUNNEL_OR_ENCAPSULATION_ENDPOINT',
    'routing',
    'no tunnel leads to the destination node',
  ],
  [161, 'FAILED_TO_INSERT_INTO_PROXYMAP', 'nat', 'NAT between IPv4 and IPv6 is not enabled'],
  [162, 'REACHED_EDT_RATE_LIMITING_DROP_HORIZON', 'rate-limit', 'pod is over its bandwidth limit'],
  [
    163,
    'UNKNOWN_CONNECTION_TRACKING_STATE',
    'conntrack',
    'connection is in a state that is not known',
  ],
  [164, 'LOCAL_HOST_IS_UNREACHABLE', 'routing', 'local host cannot be reached'],
  [
    165,
    'NO_CONFIGURATION_AVAILABLE_TO_PERFORM_POLICY_DECISION',
    'datapath',
    'endpoint has no policy program yet, so nothing could be decided',
  ],
  [166, 'UNSUPPORTED_L2_PROTOCOL', 'malformed', 'L2 protocol is not supported'],
  [167, 'NO_MAPPING_FOR_NAT_MASQUERADE', 'nat', 'no NAT mapping is left for masquerading'],
  [168, 'UNSUPPORTED_PROTOCOL_FOR_NAT_MASQUERADE', 'malformed', 'protocol cannot be masqueraded'],
  [169, 'FIB_LOOKUP_FAILED', 'routing', "the kernel's route lookup failed"],
  [170, 'ENCAPSULATION_TRAFFIC_IS_PROHIBITED', 'routing', 'pods may not send encapsulated traffic'],
  [171, 'INVALID_IDENTITY', 'identity', 'security identity is not valid'],
  [172, 'UNKNOWN_SENDER', 'identity', 'sender is not known'],
  [173, 'NAT_NOT_NEEDED', 'nat', 'no NAT is needed for it'],
  [174, 'IS_A_CLUSTERIP', 'service', 'a ClusterIP cannot be reached from outside the cluster'],
  [
    175,
    'FIRST_LOGICAL_DATAGRAM_FRAGMENT_NOT_FOUND',
    'malformed',
    'fragment came before the first one',
  ],
  [176, 'FORBIDDEN_ICMPV6_MESSAGE', 'malformed', 'this ICMPv6 message is not allowed'],
  [
    177,
    'DENIED_BY_LB_SRC_RANGE_CHECK',
    'service',
    "client is outside the service's loadBalancerSourceRanges",
  ],
  [178, 'SOCKET_LOOKUP_FAILED', 'service', 'no socket was found for it'],
  [179, 'SOCKET_ASSIGN_FAILED', 'service', 'it could not be handed to its socket'],
  [
    180,
    'PROXY_REDIRECTION_NOT_SUPPORTED_FOR_PROTOCOL',
    'service',
    'L7 proxy cannot take this protocol',
  ],
  [181, 'POLICY_DENY', 'policy', 'a deny rule of a network policy matched'],
  [182, 'VLAN_FILTERED', 'vlan', 'VLAN is not allowed on this device'],
  [183, 'INVALID_VNI', 'routing', 'tunnel network id is not valid'],
  [184, 'INVALID_TC_BUFFER', 'datapath', 'packet buffer is not valid'],
  [185, 'NO_SID', 'routing', 'no SRv6 segment id was found'],
  [186, 'MISSING_SRV6_STATE', 'routing', 'SRv6 state is missing'],
  [187, 'NAT46', 'nat', 'NAT from IPv4 to IPv6 failed'],
  [188, 'NAT64', 'nat', 'NAT from IPv6 to IPv4 failed'],
  [
    189,
    'AUTH_REQUIRED',
    'policy',
    'the policy asks for mutual authentication, which was not there yet',
  ],
  [190, 'CT_NO_MAP_FOUND', 'conntrack', 'no connection table was found'],
  [191, 'SNAT_NO_MAP_FOUND', 'nat', 'no NAT table was found'],
  [192, 'INVALID_CLUSTER_ID', 'routing', 'cluster id is not valid'],
  [
    193,
    'UNSUPPORTED_PROTOCOL_FOR_DSR_ENCAP',
    'malformed',
    'protocol does not support direct server return',
  ],
  [
    194,
    'NO_EGRESS_GATEWAY',
    'egress-gateway',
    'egress gateway policy names no gateway that is ready',
  ],
  [195, 'UNENCRYPTED_TRAFFIC', 'encryption', 'strict encryption refuses plain traffic'],
  [196, 'TTL_EXCEEDED', 'malformed', 'time to live ran out'],
  [197, 'NO_NODE_ID', 'routing', 'node id of the destination is not known'],
  [198, 'DROP_RATE_LIMITED', 'rate-limit', 'rate limit was reached'],
  [199, 'IGMP_HANDLED', 'handled', 'IGMP message was handled here; nothing was lost'],
  [200, 'IGMP_SUBSCRIBED', 'handled', 'IGMP subscription was handled here; nothing was lost'],
  [201, 'MULTICAST_HANDLED', 'handled', 'multicast packet was handled here; nothing was lost'],
  [202, 'DROP_HOST_NOT_READY', 'datapath', 'host datapath is not ready yet'],
  [203, 'DROP_EP_NOT_READY', 'datapath', "endpoint's datapath is not ready yet"],
  [204, 'DROP_NO_EGRESS_IP', 'egress-gateway', 'egress gateway has no address to send from'],
  [205, 'DROP_PUNT_PROXY', 'handled', 'packet was handed to the proxy; nothing was lost'],
];

/** Reasons that records imply without naming them in Cilium's enum. */
const OURS: readonly DropReason[] = [
  {
    code: 'L7_DENIED',
    number: undefined,
    category: 'policy',
    words: 'an L7 rule denied the request',
  },
  {
    code: 'CALICO_DENY',
    number: undefined,
    category: 'policy',
    words: 'a deny rule of a Calico policy matched',
  },
  {
    code: 'CALICO_END_OF_TIER',
    number: undefined,
    category: 'policy',
    words: 'no rule of the tier allows it (default deny)',
  },
  {
    code: 'CALICO_NO_PROFILE',
    number: undefined,
    category: 'policy',
    words: 'no policy or profile allows it',
  },
  {
    code: 'CALICO_NOT_TOLD',
    number: undefined,
    category: 'policy',
    words: 'Calico policy denied it; the record names none',
  },
];

export const DROP_REASONS: readonly DropReason[] = [
  ...CILIUM.map(([number, code, category, words]) => ({ code, number, category, words })),
  ...OURS,
];

const BY_CODE = new Map(DROP_REASONS.map((reason) => [reason.code, reason]));
const BY_NUMBER = new Map(CILIUM.map(([number, code]) => [number, code]));

/** Code of Cilium's number; the number as text when it is newer than this program. */
export function dropReasonCode(number: number): string {
  return BY_NUMBER.get(number) ?? String(number);
}

/** What is known of a reason. One that the table lacks keeps its raw code and says that it is unknown. */
export function dropReason(code: string): DropReason {
  const known = BY_CODE.get(code);
  if (known !== undefined) return known;
  const number = /^\d+$/.test(code) ? Number(code) : undefined;
  return {
    code,
    number,
    category: 'unknown',
    words: `reason ${code}, which this version does not know`,
  };
}
