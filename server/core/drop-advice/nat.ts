import { NO_POLICY, type DropAdvice } from './entry.ts';

/** Reasons about address translation. */
export const NAT_ADVICE: readonly DropAdvice[] = [
  {
    code: 'FAILED_TO_INSERT_INTO_PROXYMAP',
    means:
      'The packet needs translation between IPv4 and IPv6, and that is switched off. The name in the record is an old one and has nothing to do with a proxy.',
    policy: NO_POLICY,
    causes: ['A service of one IP family whose backends have only the other.'],
    next: ['IP families of the service and its backends.', 'The setting for NAT46x64.'],
    commands: ['services', 'slices', 'config'],
    checks: ['protocols'],
  },
  {
    code: 'NO_MAPPING_FOR_NAT_MASQUERADE',
    means:
      'The connection leaves the cluster with the address of the node, and no source port was free for it; or an answer came back for which no mapping is there any more.',
    policy: NO_POLICY,
    causes: [
      'Very many connections to one address and port outside, so that source ports run out.',
      'Many short connections, whose mappings are not cleaned up fast enough.',
      'The NAT table is full.',
      'A late answer, after its mapping ended.',
    ],
    next: [
      'How many connections go to this one destination.',
      'How full the NAT table is, and bpf-nat-global-max.',
      'Whether the client can keep connections open, or egress can use more addresses.',
    ],
    commands: ['nat', 'tables', 'config'],
    checks: ['stale-connection'],
  },
  {
    code: 'NAT_NOT_NEEDED',
    means:
      'The datapath found that nothing is to be translated and goes on without. It is an internal answer that has a number among the drops; seen as a drop it is a fault of that version.',
    policy: NO_POLICY,
    causes: ['A place in the datapath that takes the answer for an error.'],
    next: ['Whether connections fail at all, and known faults of the version.'],
    commands: ['watch', 'status'],
    checks: [],
  },
  {
    code: 'NAT46',
    means: 'An IPv4 packet could not be translated to IPv6.',
    policy: NO_POLICY,
    causes: [
      'Fragments, IP options or ICMP messages that have no counterpart.',
      'No IPv6 address to send from.',
    ],
    next: ['Kind of the packet, and the families of service and backends.'],
    commands: ['services', 'config', 'watch'],
    checks: ['protocols'],
  },
  {
    code: 'NAT64',
    means: 'An IPv6 packet could not be translated to IPv4.',
    policy: NO_POLICY,
    causes: [
      'Fragments, extension headers or ICMPv6 messages that have no counterpart.',
      'No IPv4 address to send from.',
    ],
    next: ['Kind of the packet, and the families of service and backends.'],
    commands: ['services', 'config', 'watch'],
    checks: ['protocols'],
  },
  {
    code: 'SNAT_NO_MAP_FOUND',
    means:
      'The connection goes to another cluster of the mesh, for which this node has no NAT table.',
    policy: NO_POLICY,
    causes: [
      'A cluster that just joined the mesh and whose tables are not made yet.',
      'Overlapping pod ranges are in use and the agent has not prepared for that cluster.',
    ],
    next: ['Whether the remote cluster is connected, and its cluster id.'],
    commands: ['mesh', 'status', 'logs'],
    checks: [],
    retina: {
      words:
        "The kernel's NAT dropped the packet: no free port for the translation, or two connections raced for the same one.",
      commands: ['rules', 'kernelConnections'],
    },
  },
];
