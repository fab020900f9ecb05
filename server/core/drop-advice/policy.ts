import { decides, type DropAdvice } from './entry.ts';

const NAMES_NOBODY = 'A policy selects this end in this direction, and none allows the connection.';

/** Reasons that a change of network policy can cure. */
export const POLICY_ADVICE: readonly DropAdvice[] = [
  {
    code: 'POLICY_DENIED',
    means:
      'At least one policy selects the pod in this direction, so that everything is denied that no rule allows, and no rule allows this connection. Cilium names no policy here: all that select the pod deny it together.',
    policy: decides(NAMES_NOBODY),
    causes: [
      'A rule for this peer or port is missing, or names other labels than the pod has.',
      "A rule names the service's port instead of the pod's.",
      'The peer is in another namespace and the rule does not say so.',
      'A toFQDNs rule has not learnt the address: the look-up bypassed the DNS proxy, or its answer has expired.',
      'The identity of a pod that just started had not reached this node yet.',
      'It is the reply of a connection that is no longer tracked.',
    ],
    next: [
      'The policies that select the pod in this direction, and the rule that comes closest.',
      'Whether the same pair was let through before, and what changed since.',
      'The identity labels of both ends in the record: a rule sees these, not the address.',
    ],
    commands: ['policies', 'clusterPolicies', 'endpoint', 'names'],
    checks: ['stale-connection', 'open-connection', 'dns', 'identity'],
    retina: {
      words:
        'A rule of iptables on the node dropped it: of Azure NPM, of kube-proxy or of a host firewall. It is no proof of a NetworkPolicy.',
      commands: ['rules'],
    },
  },
  {
    code: 'POLICY_DENY',
    means:
      'A deny rule matched (ingressDeny, egressDeny or an admin policy). In Cilium a deny rule wins over every allow rule beside it, so an added allow does not help.',
    policy: decides('A deny rule of a policy matched; newer agents name the policy in the record.'),
    causes: [
      'The deny rule is meant for this traffic.',
      'The deny rule is wider than meant: a range or an entity that covers more than one thought.',
      'The pod gained a label that the deny rule selects.',
      'The identity of a pod that just started had not reached this node yet, so that it counted as outside the cluster.',
    ],
    next: [
      'The policy that the record names; without one, all deny rules that select the pod.',
      'Whether the rule or the labels of either end changed shortly before.',
    ],
    commands: ['policies', 'clusterPolicies', 'endpoint'],
    checks: ['open-connection', 'stale-connection', 'dns', 'identity'],
  },
  {
    code: 'AUTH_REQUIRED',
    means:
      'A rule allows the connection once both identities have authenticated each other, and that had not happened yet. The first packets of a good connection are dropped like this too: the drop is what starts the handshake.',
    policy: decides('The rule asks for mutual authentication.'),
    causes: [
      'The first packets of a connection between two identities that have not spoken for a while.',
      'The SPIRE server or an agent cannot be reached, so that the handshake never ends.',
      'The rule uses the mode test-always-fail.',
    ],
    next: [
      'Whether packets of the same pair went through within seconds. If so, nothing is wrong.',
      'Health of the SPIRE server and agents, and the log of the Cilium agents of both nodes.',
    ],
    commands: ['auth', 'logs', 'policies'],
    checks: ['identity', 'open-connection'],
  },
  {
    code: 'L7_DENIED',
    means:
      'The connection was let through to the L7 proxy, and the proxy refused this one request because no L7 rule allows it. An HTTP client gets 403, a DNS client REFUSED; the connection itself stays open.',
    policy: decides('An L7 rule of a policy restricts what may be asked.'),
    causes: [
      'Method, path or host of the request is in no rule; the patterns must match the whole value.',
      'The DNS name that was asked for is in no dns rule; often the name with a search domain appended.',
      'A new version of the client calls what the rules do not know.',
    ],
    next: [
      'Method and path, or name, of the refused request in the record.',
      'The http or dns rules of the policies that select the server (ingress) or the client (egress).',
    ],
    commands: ['policies', 'clusterPolicies', 'proxy'],
    checks: [],
  },
  {
    code: 'CALICO_DENY',
    means:
      'A rule with the action Deny matched, and the record names its policy. Calico takes the first rule that matches, by tier, then by order; rules that come later were not asked.',
    policy: decides('A Deny rule of a Calico policy matched.'),
    causes: [
      'The rule is meant for this traffic.',
      'An Allow rule exists and comes later: its policy has a higher order, or is in a later tier.',
      'A label of the pod or its namespace changed, so that the policy selects it now.',
    ],
    next: [
      'The policy and rule that the record names, and its order against the policy that should allow.',
      'Network sets that the rule refers to: their addresses may have changed.',
    ],
    commands: ['calicoPolicies', 'calicoTiers', 'calicoEndpoint'],
    checks: ['open-connection', 'identity'],
  },
  {
    code: 'CALICO_END_OF_TIER',
    means:
      'Policies of a tier select the endpoint, none of their rules matched, and the action at the end of the tier is Deny. The policy in the record is only a witness: one of the tier, chosen arbitrarily.',
    policy: decides('No rule of the tier matched, and its default action is Deny.'),
    causes: [
      'No policy of the tier has a rule for this peer and port.',
      'The rule that allows it is in a later tier, which is not reached without a Pass.',
      'A policy whose selector is wider than meant selects the pod.',
    ],
    next: [
      'All policies of that tier that select the pod in this direction.',
      'Whether the tier should end with Pass, or one of its policies with a Pass rule.',
    ],
    commands: ['calicoPolicies', 'calicoTiers', 'calicoEndpoint'],
    checks: ['open-connection', 'identity'],
  },
  {
    code: 'CALICO_NO_PROFILE',
    means:
      'No policy decided, and no profile of the endpoint allows it. Pods have a profile of their namespace that allows everything, so this is mostly met at host endpoints and at pods without a profile.',
    policy: decides('Neither a policy nor a profile allows it.'),
    causes: [
      'A host endpoint that was made by hand: it has no profile, so that all is denied but the failsafe ports.',
      'The profile of the namespace or of the service account was removed or changed.',
    ],
    next: ['The profiles of the endpoint.', 'Whether a policy should select it.'],
    commands: ['calicoEndpoint', 'calicoPolicies'],
    checks: ['identity'],
  },
  {
    code: 'CALICO_NOT_TOLD',
    means:
      "The flow's action is deny, and the record names no policy that denied it. Flow logs can be written without policies, and old versions left them out.",
    policy: decides('Calico denies by policy or profile; which of them, the record does not say.'),
    causes: [
      'Policies are left out of the flow logs by a setting.',
      'The record was aggregated or shortened on its way.',
    ],
    next: [
      'The settings of flow logs: whether policies are included.',
      'The policies that select the end that reported.',
    ],
    commands: ['calicoPolicies', 'calicoTiers', 'calicoEndpoint'],
    checks: ['open-connection', 'identity'],
  },
];
