import { may, NO_POLICY, type DropAdvice } from './entry.ts';

/** Reasons about services, load balancing and the L7 proxy. */
export const SERVICE_ADVICE: readonly DropAdvice[] = [
  {
    code: 'SERVICE_BACKEND_NOT_FOUND',
    means:
      'The destination is a service, and it has no backend that could take the connection, or the chosen one is gone.',
    policy: NO_POLICY,
    causes: [
      'No pod of the service is ready: readiness fails, or it is scaled to zero.',
      "The service's selector matches no pod, or its targetPort is wrong.",
      'externalTrafficPolicy or internalTrafficPolicy is Local and no backend is on this node.',
      'Backends changed a moment ago.',
    ],
    next: ['Ready endpoints of the service.', 'Its selector, ports and traffic policies.'],
    commands: ['slices', 'services'],
    checks: ['address-owner'],
  },
  {
    code: 'IS_A_CLUSTERIP',
    means:
      'A packet from outside the cluster, or from a node without socket load balancing, was sent to the ClusterIP of a service. Cilium answers those from inside the cluster only.',
    policy: NO_POLICY,
    causes: [
      'A client outside routes the range of services to a node.',
      'A route was announced for it by mistake.',
    ],
    next: [
      'Whether it should use a NodePort, a load balancer or an ingress.',
      'The setting bpf-lb-external-clusterip, which lets clients outside in.',
    ],
    commands: ['services', 'config'],
    checks: [],
  },
  {
    code: 'DENIED_BY_LB_SRC_RANGE_CHECK',
    means:
      "The service has loadBalancerSourceRanges, and the client's address is in none of them. It is a list on the service, not a network policy.",
    policy: NO_POLICY,
    causes: [
      "The client's address is missing from the list.",
      'A device on the way changed the address of the client, so that another one is compared.',
      'A scanner outside. The list does what it is for.',
    ],
    next: ['spec.loadBalancerSourceRanges of the service against the source address of the drop.'],
    commands: ['sourceRanges', 'services'],
    checks: [],
  },
  {
    code: 'SOCKET_LOOKUP_FAILED',
    means: 'The packet is for the L7 proxy, and the proxy has no socket that would take it.',
    policy: may(
      'An L7 rule or an ingress sends the connection to the proxy; the failure itself is not the rule.',
    ),
    causes: [
      'The proxy (Envoy or the DNS proxy) is restarting, or failed to start its listener.',
      'The agent restarted and connections of before still point to the old port.',
    ],
    next: ['Health of cilium-envoy and of the agent on this node at that time.'],
    commands: ['proxy', 'logs', 'status'],
    checks: ['open-connection'],
  },
  {
    code: 'SOCKET_ASSIGN_FAILED',
    means: 'The socket of the L7 proxy was found, and the kernel refused to hand it the packet.',
    policy: may(
      'An L7 rule or an ingress sends the connection to the proxy; the failure itself is not the rule.',
    ),
    causes: [
      'The socket is being closed: the proxy restarts.',
      'A kernel without what transparent proxying needs.',
    ],
    next: ['Health of cilium-envoy and of the agent on this node at that time.', 'Kernel version.'],
    commands: ['proxy', 'logs', 'status'],
    checks: ['open-connection'],
  },
  {
    code: 'PROXY_REDIRECTION_NOT_SUPPORTED_FOR_PROTOCOL',
    means:
      'A rule wants the connection to go to the L7 proxy, and the proxy can take only TCP and UDP.',
    policy: may(
      'An L7 rule applies to a port with protocol ANY, or to one that is neither TCP nor UDP.',
    ),
    causes: [
      'A toPorts rule with L7 rules without protocol, so that it covers SCTP too.',
      'A listener on a protocol that the proxy does not speak.',
    ],
    next: ['The L7 rule of the policy for this port, and its protocol.'],
    commands: ['policies', 'clusterPolicies', 'proxy'],
    checks: ['protocols'],
  },
  {
    code: 'DROP_PUNT_PROXY',
    means:
      'The packet was handed to the L7 proxy of the node by way of the kernel. It is counted as a drop, but nothing is lost.',
    policy: NO_POLICY,
    causes: ['Ordinary traffic to a service that an L7 load balancer or an ingress serves.'],
    next: ['Nothing, unless the client complains too.'],
    commands: ['proxy'],
    checks: [],
  },
];
