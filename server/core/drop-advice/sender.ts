import { NO_POLICY, RETIRED, type DropAdvice } from './entry.ts';

/** Reasons about who sent a packet, and about tracked connections. */
export const SENDER_ADVICE: readonly DropAdvice[] = [
  {
    code: 'INVALID_SOURCE_MAC',
    means: `The packet left a pod with a MAC address that is not the pod's own. ${RETIRED}`,
    policy: NO_POLICY,
    causes: [
      'A bridge or a virtual machine inside the pod sends with addresses of its own.',
      'Spoofing.',
    ],
    next: ['What the pod runs that makes its own Ethernet frames.'],
    commands: ['pod', 'endpoints'],
    checks: ['sender-address'],
  },
  {
    code: 'INVALID_DESTINATION_MAC',
    means: `The packet was sent to a MAC address that is not valid where it was sent. ${RETIRED}`,
    policy: NO_POLICY,
    causes: ['A stale neighbour entry in the pod, after the interface of the node was made anew.'],
    next: ['The neighbour table in the pod.'],
    commands: ['pod', 'links'],
    checks: [],
  },
  {
    code: 'INVALID_SOURCE_IP',
    means:
      "A pod sent a packet with a source address that is not the pod's own. Cilium drops these so that no pod can pretend to be another.",
    policy: NO_POLICY,
    causes: [
      "IPv6 traffic of the kernel itself, sent from the interface's link-local address.",
      'A VPN, a NAT or a transparent proxy in the pod forwards packets of others.',
      'A second interface or a bridge in the pod, whose packets leave by the wrong one.',
      'A restored or cloned pod that still uses its old address.',
      'Spoofing.',
    ],
    next: [
      'The source address: link-local (fe80::), of another pod, or from outside?',
      'Whether the pod is meant to forward; newer versions can then turn the check off (enable-source-ip-verification).',
    ],
    commands: ['podBySource', 'endpoints', 'pod', 'config'],
    checks: ['sender-address', 'protocols'],
  },
  {
    code: 'INVALID_IDENTITY',
    means:
      'A packet came in with a security identity that its sender cannot have, such as one through a tunnel that claims to be the own node.',
    policy: NO_POLICY,
    causes: [
      'Nodes with different ideas of identities: an upgrade under way, or two clusters with the same cluster id.',
      'A device that is no node of the cluster sends to the tunnel port.',
      'Spoofing.',
    ],
    next: ['Which node or device the packet came from.', 'Versions of the agents on both nodes.'],
    commands: ['ipcacheSource', 'nodes', 'status', 'watch'],
    checks: ['sender-address', 'identity'],
  },
  {
    code: 'UNKNOWN_SENDER',
    means:
      'The datapath could not tell who sent the packet, where it must know. This is rarely seen.',
    policy: NO_POLICY,
    causes: [
      "The sender's address has not reached this node's address table yet.",
      'The sender is no member of the cluster.',
    ],
    next: ['Whether the sender is a pod that just started, or no pod at all.'],
    commands: ['ipcacheSource', 'podBySource', 'watch'],
    checks: ['sender-address', 'identity'],
  },
  {
    code: 'CT_CANNOT_CREATE_ENTRY_FROM_PACKET',
    means: `A connection cannot begin with this packet, such as a TCP packet without SYN. ${RETIRED}`,
    policy: NO_POLICY,
    causes: [
      'A connection that outlived its entry in the connection table: idle for long, or the table was emptied.',
      'Packets of one connection take different ways, so that its beginning was never seen here.',
    ],
    next: ['Whether an older connection between the two was open.'],
    commands: ['connections', 'tables'],
    checks: ['stale-connection', 'open-connection'],
  },
  {
    code: 'CT_MAP_INSERTION_FAILED',
    means:
      'The packet would begin a connection, and the connection table did not take another entry, almost always because it is full. Connections that are tracked go on; new ones of every kind fail on this node.',
    policy: NO_POLICY,
    causes: [
      'More connections at once than the table is made for: many short ones, a load test, a scan.',
      'The clean-up of ended connections runs too seldom.',
      'The table is small: its size follows the memory of the node unless set.',
    ],
    next: [
      'How full the tables of this node are, and who opens the most connections.',
      'The settings bpf-ct-global-tcp-max, bpf-ct-global-any-max and bpf-map-dynamic-size-ratio.',
    ],
    commands: ['tables', 'connections', 'config'],
    checks: ['stale-connection'],
  },
  {
    code: 'UNKNOWN_CONNECTION_TRACKING_STATE',
    means:
      'The look-up in the connection table gave a state that the datapath does not handle at this place. On a healthy node it is rare.',
    policy: NO_POLICY,
    causes: [
      'Programs of two versions share one table, during an upgrade.',
      'A fault in the datapath of this version.',
    ],
    next: [
      'Whether the agent was upgraded or restarted at that time.',
      'Known faults of the version.',
    ],
    commands: ['connections', 'status', 'watch'],
    checks: ['stale-connection', 'open-connection'],
    retina: {
      words:
        "The kernel's connection tracking refused the packet: its table is full, or the packet fits no connection.",
      commands: ['kernelConnections', 'rules'],
    },
  },
  {
    code: 'CT_NO_MAP_FOUND',
    means:
      'The connection belongs to another cluster of the mesh, for which this node has no connection table.',
    policy: NO_POLICY,
    causes: [
      'A cluster that just joined the mesh and whose tables are not made yet.',
      'Overlapping pod ranges are in use and the agent has not prepared for that cluster.',
    ],
    next: ['Whether the remote cluster is connected, and its cluster id.'],
    commands: ['mesh', 'status', 'logs'],
    checks: ['identity'],
  },
];
