import { NO_POLICY, type DropAdvice } from './entry.ts';

const HANDLED = ['Nothing: no packet is missing anywhere.'] as const;

/** Limits, gateways, encryption, VLANs, and what is counted as a drop without being one. */
export const OTHER_ADVICE: readonly DropAdvice[] = [
  {
    code: 'REACHED_EDT_RATE_LIMITING_DROP_HORIZON',
    means:
      'The pod has a bandwidth limit and sends so much more that packets would have to wait for seconds. Those beyond are dropped.',
    policy: NO_POLICY,
    causes: [
      'The annotation kubernetes.io/egress-bandwidth is lower than what the pod needs.',
      'A sender that does not slow down, such as UDP.',
    ],
    next: ["The pod's annotation against what it sends."],
    commands: ['bandwidth', 'pod'],
    checks: [],
  },
  {
    code: 'DROP_RATE_LIMITED',
    means:
      'The datapath answers some packets with ICMP messages of its own, such as for a service without backends, and limits how many it makes. The limit was reached, and this packet got no answer.',
    policy: NO_POLICY,
    causes: [
      'Many packets to a service without backends.',
      'A scan, or a loop, that calls for many ICMP answers.',
    ],
    next: ['What is being answered: look for the other drops to the same destination.'],
    commands: ['services', 'watch'],
    checks: ['protocols'],
  },
  {
    code: 'NO_EGRESS_GATEWAY',
    means:
      'An egress gateway policy covers the packet, and no node matches as its gateway. It is dropped rather than sent out with the wrong address.',
    policy: {
      part: 'may',
      words:
        'Perhaps. A CiliumEgressGatewayPolicy is at work; it chooses an address and is no network policy.',
    },
    causes: [
      'No node has the labels of the gateway.',
      'The gateway node is gone or not ready.',
      'The policy just changed and has not reached this node.',
    ],
    next: ['nodeSelector of the egress gateway policy against the labels of nodes.'],
    commands: ['egressPolicies', 'egress', 'nodes'],
    checks: ['identity'],
  },
  {
    code: 'DROP_NO_EGRESS_IP',
    means:
      'The packet reached its egress gateway, and the gateway does not have the address that it should send from.',
    policy: {
      part: 'may',
      words:
        'Perhaps. A CiliumEgressGatewayPolicy is at work; it chooses an address and is no network policy.',
    },
    causes: [
      'egressIP of the policy is on no interface of the gateway node.',
      'The interface that the policy names has no address of this family.',
      'The address was moved to the node after the policy was applied.',
    ],
    next: ['egressIP or interface of the policy against the addresses of the gateway node.'],
    commands: ['egressPolicies', 'egress', 'links'],
    checks: [],
  },
  {
    code: 'UNENCRYPTED_TRAFFIC',
    means:
      'Strict encryption is on, and the packet would have left, or came in, without encryption between pods.',
    policy: NO_POLICY,
    causes: [
      'The destination just started, and its encryption key or node has not reached this node yet.',
      'A node on which encryption is off or failed.',
      'Traffic of the node itself in the range that strict mode covers.',
    ],
    next: ['State of encryption on both nodes.', 'The range and settings of strict mode.'],
    commands: ['encryption', 'nodes', 'ipcacheDestination', 'config'],
    checks: ['identity', 'address-owner'],
  },
  {
    code: 'VLAN_FILTERED',
    means: 'A packet with a VLAN tag came in on an interface on which this VLAN is not allowed.',
    policy: NO_POLICY,
    causes: [
      'The node is on a trunk port and sees VLANs that it does not use. Harmless.',
      'A VLAN interface of the node that Cilium was not told of.',
    ],
    next: ['Whether the node uses that VLAN; if so, the setting vlan-bpf-bypass.'],
    commands: ['links', 'config'],
    checks: [],
  },
  {
    code: 'IGMP_HANDLED',
    means:
      'An IGMP message was read and used by the datapath itself, with multicast switched on. It is counted as a drop since it is not forwarded.',
    policy: NO_POLICY,
    causes: ['Pods that take part in multicast.'],
    next: HANDLED,
    commands: ['multicast'],
    checks: [],
  },
  {
    code: 'IGMP_SUBSCRIBED',
    means:
      'A pod joined a multicast group, and the datapath noted it. It is counted as a drop since it is not forwarded.',
    policy: NO_POLICY,
    causes: ['Pods that take part in multicast.'],
    next: HANDLED,
    commands: ['multicast'],
    checks: [],
  },
  {
    code: 'MULTICAST_HANDLED',
    means:
      'A multicast packet was copied to the members of its group. The original is counted as a drop; the copies arrived.',
    policy: NO_POLICY,
    causes: ['Pods that take part in multicast.'],
    next: HANDLED,
    commands: ['multicast'],
    checks: [],
  },
];
