import { may, NO_POLICY, type DropAdvice } from './entry.ts';

const ICMP_CAUSES = [
  'Rare ICMP messages, or ones made by hand or by a scanner.',
  'An ICMP error that has to be translated and has no counterpart.',
] as const;

/** Reasons about protocols and messages that the datapath does not handle. */
export const PROTOCOL_ADVICE: readonly DropAdvice[] = [
  {
    code: 'CT_UNKNOWN_L4_PROTOCOL',
    means:
      'Connection tracking knows TCP, UDP, ICMP and, where it is switched on, SCTP. The packet is of another IP protocol, or has no ports where there should be some.',
    policy: may(
      'The host firewall tracks connections of the node itself, so that switching it on begins these drops.',
    ),
    causes: [
      'VRRP of keepalived, IGMP, OSPF or another routing protocol, with the host firewall on.',
      'GRE, IPIP or ESP between pods.',
      'SCTP without enable-sctp.',
    ],
    next: [
      'Which protocol it is.',
      'Whether the host firewall is on; newer versions have a setting for further IP protocols.',
    ],
    commands: ['config', 'watch'],
    checks: ['protocols'],
  },
  {
    code: 'UNSUPPORTED_L3_PROTOCOL',
    means:
      'The packet is neither of an IP version that is switched on nor anything else that the datapath takes from a pod. Mostly it is IPv6 on a cluster without IPv6.',
    policy: NO_POLICY,
    causes: [
      'The kernel of a pod sends IPv6 router solicitations and multicast reports, and IPv6 is off in Cilium. Harmless.',
      'A pod uses IPv6 or IPv4 although that family is off.',
      'A pod sends frames that are no IP at all.',
    ],
    next: [
      'Whether it is only link-local chatter (ff02::2, ff02::16): then nothing is lost.',
      'The settings enable-ipv4 and enable-ipv6.',
    ],
    commands: ['config', 'watch', 'pod'],
    checks: ['protocols'],
  },
  {
    code: 'UNKNOWN_L4_PROTOCOL',
    means:
      'The packet needs its ports looked at, for a service or for NAT, and its protocol has none that the datapath knows.',
    policy: NO_POLICY,
    causes: [
      'GRE, IPIP, ESP or a routing protocol sent to a service or load balancer address.',
      'SCTP without enable-sctp.',
    ],
    next: ['Which protocol it is, and whether its destination is a service.'],
    commands: ['services', 'watch'],
    checks: ['protocols'],
  },
  {
    code: 'UNKNOWN_ICMPV4_CODE',
    means:
      'An ICMP message has a code that the datapath does not know, where it has to look into it.',
    policy: NO_POLICY,
    causes: ICMP_CAUSES,
    next: ['Type and code of the message.', 'Which connection it is about.'],
    commands: ['watch'],
    checks: ['protocols'],
  },
  {
    code: 'UNKNOWN_ICMPV4_TYPE',
    means:
      'An ICMP message has a type that the datapath does not know, where it has to look into it.',
    policy: NO_POLICY,
    causes: ICMP_CAUSES,
    next: ['Type of the message.', 'What sends it.'],
    commands: ['watch'],
    checks: ['protocols'],
  },
  {
    code: 'UNKNOWN_ICMPV6_CODE',
    means:
      'An ICMPv6 message has a code that the datapath does not know, where it has to look into it.',
    policy: NO_POLICY,
    causes: ICMP_CAUSES,
    next: ['Type and code of the message.', 'Which connection it is about.'],
    commands: ['watch'],
    checks: ['protocols'],
  },
  {
    code: 'UNKNOWN_ICMPV6_TYPE',
    means:
      'An ICMPv6 message has a type that the datapath does not know, where it has to look into it.',
    policy: NO_POLICY,
    causes: ICMP_CAUSES,
    next: ['Type of the message.', 'What sends it.'],
    commands: ['watch'],
    checks: ['protocols'],
  },
  {
    code: 'UNSUPPORTED_L2_PROTOCOL',
    means:
      'The frame is no Ethernet II frame: an older kind, as switches use it among themselves. There is no IP packet in it.',
    policy: NO_POLICY,
    causes: [
      'Spanning tree or LLDP frames of switches and bridges, seen by an interface that Cilium watches. Harmless.',
      'A bridge in a pod or on the node.',
    ],
    next: ['The destination MAC address: 01:80:c2:… is a message between switches.'],
    commands: ['watch', 'links'],
    checks: ['protocols'],
  },
  {
    code: 'UNSUPPORTED_PROTOCOL_FOR_NAT_MASQUERADE',
    means:
      'The packet leaves the cluster and would have to take the address of the node, but its protocol cannot be translated. TCP, UDP and ICMP echo can.',
    policy: NO_POLICY,
    causes: [
      'GRE, ESP, IGMP, VRRP or another protocol that leaves the node and falls under masquerading.',
      'IPv6 router or multicast messages of a node whose masquerade address is link-local.',
      'ICMP messages other than echo.',
    ],
    next: [
      'Which protocol it is and where it goes.',
      'Whether the destination should be left out of masquerading (ipv4-native-routing-cidr, ip-masq-agent).',
    ],
    commands: ['config', 'watch'],
    checks: ['protocols'],
  },
  {
    code: 'FORBIDDEN_ICMPV6_MESSAGE',
    means:
      'The host firewall lets through the ICMPv6 messages that IPv6 needs to work, weighs echo by policy, and drops the rest. This was one of the rest.',
    policy: may('It happens only with the host firewall on, but no rule can allow such a message.'),
    causes: ['Rare ICMPv6 messages to or from the node.', 'A scanner.'],
    next: ['Type of the message, and whether the node needs it.'],
    commands: ['watch', 'config'],
    checks: ['protocols'],
  },
  {
    code: 'UNSUPPORTED_PROTOCOL_FOR_DSR_ENCAP',
    means:
      'The service answers clients directly (DSR), and the packet is of a protocol for which the original destination cannot be passed along to the backend.',
    policy: NO_POLICY,
    causes: ['A service in DSR mode that is reached with another protocol than TCP or UDP.'],
    next: ['The protocol, and the load balancer mode (bpf-lb-mode).'],
    commands: ['services', 'config'],
    checks: ['protocols'],
  },
];
