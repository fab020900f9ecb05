import { NO_POLICY, type DropAdvice } from './entry.ts';

/** Reasons about packets that are broken, too large or cut in pieces. */
export const PACKET_ADVICE: readonly DropAdvice[] = [
  {
    code: 'INVALID_PACKET_DROPPED',
    means:
      'The packet is too short for its own headers, or could not be read as what it claims to be.',
    policy: NO_POLICY,
    causes: [
      'Packets made by hand, by a scanner or a test.',
      'A driver or an offload of the network card that hands over incomplete packets.',
    ],
    next: ['Whether it is one sender, or every packet on one interface of one node.'],
    commands: ['watch', 'links'],
    checks: ['protocols'],
  },
  {
    code: 'CT_TRUNCATED_OR_INVALID_HEADER',
    means: 'The L4 header, from which a connection is known, is cut short or not valid.',
    policy: NO_POLICY,
    causes: [
      'A later fragment, which has no L4 header.',
      'Packets made by hand, by a scanner or a test.',
      'A driver or an offload that hands over incomplete packets.',
    ],
    next: ['Whether the sender fragments: large UDP datagrams are the usual ones.'],
    commands: ['watch', 'links'],
    checks: ['protocols'],
  },
  {
    code: 'CT_MISSING_TCP_ACK_FLAG',
    means:
      'The packet is larger than the way to its destination allows and must not be fragmented. The name in the record is an old one: current versions mean "fragmentation needed".',
    policy: NO_POLICY,
    causes: [
      'The MTU of the pods leaves no room for the tunnel, encryption or direct-server-return header.',
      'ICMP "fragmentation needed" is filtered on the way back, so that the sender never learns.',
      'A node with a smaller MTU than the others.',
    ],
    next: [
      'MTU of pods, of nodes and of the network between them.',
      'Whether only large packets are dropped: connections open, then hang when data flows.',
    ],
    commands: ['links', 'config', 'health'],
    checks: [],
  },
  {
    code: 'ERROR_WRITING_TO_PACKET',
    means:
      'The datapath had to change the packet, for an address or a header, and the kernel refused.',
    policy: NO_POLICY,
    causes: ['No memory for a larger packet.', 'A fault in the kernel or the driver.'],
    next: ["The node's memory and kernel log."],
    commands: ['watch', 'logs', 'status'],
    checks: [],
  },
  {
    code: 'INVALID_IPV6_EXTENSION_HEADER',
    means:
      'The packet has a chain of IPv6 extension headers that is too long, out of order, or holds one that is not supported.',
    policy: NO_POLICY,
    causes: [
      'IPv6 options that hardly anybody uses.',
      'Packets made by hand, by a scanner or a test.',
    ],
    next: ['What sends them, and with which extension headers.'],
    commands: ['watch'],
    checks: ['protocols'],
  },
  {
    code: 'IP_FRAGMENTATION_NOT_SUPPORTED',
    means:
      'The packet is a fragment, and tracking of fragments is off. Only the first fragment has ports, so the others cannot be told apart.',
    policy: NO_POLICY,
    causes: [
      'Large UDP datagrams: DNS answers, tunnels, logging, media.',
      'Tracking of fragments is off (enable-ipv4-fragment-tracking, enable-ipv6-fragment-tracking).',
    ],
    next: ['The settings of fragment tracking.', 'Whether the sender can send smaller datagrams.'],
    commands: ['config', 'links'],
    checks: ['protocols'],
  },
  {
    code: 'FIRST_LOGICAL_DATAGRAM_FRAGMENT_NOT_FOUND',
    means:
      'A later fragment of a datagram came and the first one, which has the ports, is not known: it came after, or never.',
    policy: NO_POLICY,
    causes: [
      'Fragments overtake each other on the way.',
      'The first fragment was lost or dropped for another reason.',
      'The table of fragments is full.',
    ],
    next: ['Drops of the same pair just before.', 'Why the sender fragments at all.'],
    commands: ['tables', 'links'],
    checks: ['protocols'],
  },
  {
    code: 'TTL_EXCEEDED',
    means:
      'The time to live of the packet ran out at this node. It passed as many hops as it was allowed.',
    policy: NO_POLICY,
    causes: [
      'A trace of the route (traceroute, mtr), which works by this.',
      'A routing loop between nodes or with the network outside.',
      'A protocol that sends with a time to live of 1 on purpose.',
    ],
    next: [
      'Whether it is a few packets to many ports (a trace) or all traffic to one range (a loop).',
    ],
    commands: ['route', 'watch'],
    checks: ['address-owner'],
  },
  {
    code: 'ERROR_WHILE_CORRECTING_L3_CHECKSUM',
    means: 'An address was changed and the checksum of the IP header could not be made right.',
    policy: NO_POLICY,
    causes: ['The packet is cut short.', 'A fault in the kernel or the driver.'],
    next: ["The node's kernel log, and offloads of its network card."],
    commands: ['watch', 'links'],
    checks: [],
  },
  {
    code: 'ERROR_WHILE_CORRECTING_L4_CHECKSUM',
    means:
      'An address or port was changed and the checksum of the L4 header could not be made right.',
    policy: NO_POLICY,
    causes: ['The packet is cut short or a fragment.', 'A fault in the kernel or the driver.'],
    next: ["The node's kernel log, and offloads of its network card."],
    commands: ['watch', 'links'],
    checks: [],
  },
];
