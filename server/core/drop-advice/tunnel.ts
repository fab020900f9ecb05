import { NO_POLICY, RETIRED, type DropAdvice } from './entry.ts';

/** Reasons about tunnels and the other nodes and clusters. */
export const TUNNEL_ADVICE: readonly DropAdvice[] = [
  {
    code: 'ERROR_RETRIEVING_TUNNEL_KEY',
    means:
      'The packet came through the tunnel device without the tunnel header that says who sent it.',
    policy: NO_POLICY,
    causes: [
      'Something else sends to the tunnel device or its port.',
      'A fault in the kernel or the driver.',
    ],
    next: ['Other software on the node that uses VXLAN or Geneve.'],
    commands: ['links', 'watch', 'status'],
    checks: [],
  },
  {
    code: 'ERROR_RETRIEVING_TUNNEL_OPTIONS',
    means: `The options of a Geneve header could not be read. ${RETIRED}`,
    policy: NO_POLICY,
    causes: ['Something else sends Geneve packets to the node.'],
    next: ['Other software on the node that uses Geneve.'],
    commands: ['links', 'watch'],
    checks: [],
  },
  {
    code: 'INVALID_GENEVE_OPTION',
    means: `A Geneve header has an option that is not Cilium's. ${RETIRED}`,
    policy: NO_POLICY,
    causes: ['Something else sends Geneve packets to the node.'],
    next: ['Other software on the node that uses Geneve.'],
    commands: ['links', 'watch'],
    checks: [],
  },
  {
    code: 'NO_TUNNEL_OR_ENCAPSULATION_ENDPOINT',
    means: 'The packet has to go to another node through a tunnel, and it is not known which node.',
    policy: NO_POLICY,
    causes: [
      'The destination pod is gone, or just started and has not reached this node yet.',
      'The node of the destination just joined or left.',
      'An egress gateway whose node has no tunnel address.',
    ],
    next: [
      'Which node the destination is on, and whether this node knows it.',
      'Connectivity between the two nodes.',
    ],
    commands: ['ipcacheDestination', 'nodes', 'podByDestination', 'health'],
    checks: ['address-owner', 'identity'],
  },
  {
    code: 'ENCAPSULATION_TRAFFIC_IS_PROHIBITED',
    means:
      "A pod sent to the UDP port of Cilium's own tunnel (VXLAN 8472 or Geneve 6081 unless set). Pods may not, since such a packet could claim any identity.",
    policy: NO_POLICY,
    causes: [
      'A pod that runs an overlay network of its own on the same port.',
      'A scanner that tries UDP ports.',
      'An attempt to forge an identity.',
    ],
    next: ['What the pod runs, and whether its overlay can use another port.'],
    commands: ['pod', 'config'],
    checks: ['sender-address'],
  },
  {
    code: 'INVALID_VNI',
    means:
      'A device that is set up as VTEP sent a tunnel packet with a network id other than the one for traffic from outside.',
    policy: NO_POLICY,
    causes: ['The network id on the device does not match what Cilium expects of it.'],
    next: ['The VXLAN settings of the device (its VNI must be 2), and the list of VTEPs.'],
    commands: ['vteps', 'config'],
    checks: [],
  },
  {
    code: 'INVALID_CLUSTER_ID',
    means:
      'The packet belongs to a cluster of the mesh whose id is larger than the datapath can hold.',
    policy: NO_POLICY,
    causes: [
      'Clusters with different limits on cluster ids (max-connected-clusters).',
      'An identity that was made under other settings.',
    ],
    next: ['cluster-id and max-connected-clusters of all clusters of the mesh.'],
    commands: ['mesh', 'config'],
    checks: ['identity'],
  },
  {
    code: 'NO_NODE_ID',
    means:
      "The packet must be encrypted for another node, or its connection authenticated, and this node has no id for the other node's address.",
    policy: NO_POLICY,
    causes: [
      'The other node just joined or left, or its address changed.',
      'The agent has not learnt of the node yet after a restart.',
    ],
    next: ['Whether this node knows the other one.', 'Age of the other node, and agent restarts.'],
    commands: ['nodeIds', 'nodes', 'encryption', 'logs'],
    checks: ['address-owner', 'identity'],
  },
];
