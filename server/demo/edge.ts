/** The words of the traffic table: who talks to whom, and which policy decides it at each side. */

export type PolicyKind = 'NetworkPolicy' | 'CiliumNetworkPolicy' | 'CiliumClusterwideNetworkPolicy';

export type PolicyName = {
  readonly kind: PolicyKind;
  /** Empty for cluster-wide policies. */
  readonly namespace: string;
  readonly name: string;
};

/** What the datapath decides for a new connection at one side. */
export type Decision =
  /** `match` is Hubble's policy_match_type: 1 peer, 2 peer and port, 3 port. */
  | {
      readonly kind: 'allow';
      readonly by: PolicyName;
      readonly match: number;
      readonly proxied: boolean;
    }
  /** Some policy selects the pod in this direction, and none allows it. */
  | { readonly kind: 'default-deny' }
  | { readonly kind: 'deny'; readonly by: PolicyName; readonly match: number }
  /** Enforcement would have dropped it; policy audit mode lets it pass. */
  | { readonly kind: 'audit' }
  /** Allowed by a rule that asks for mutual authentication: the first packet of a pair is dropped now and then. */
  | { readonly kind: 'authenticate'; readonly by: PolicyName; readonly match: number };

export type HttpCall = {
  readonly method: string;
  /** `*` stands for an id that changes. */
  readonly path: string;
  /** 403 means that no HTTP rule of the policy allows the request. */
  readonly status: number;
  readonly share: number;
};

export type Incident = 'redis-cut' | 'batch-dns';

export type Edge = {
  /** `namespace/workload`, `world/<name>` or `host/health`. */
  readonly from: string;
  readonly to: string;
  readonly protocol: 'tcp' | 'udp' | 'icmp';
  /** 0 for ICMP. */
  readonly port: number;
  /** Share of new connections, against the sum of all edges. */
  readonly weight: number;
  /** Absent: no policy selects the source for egress, so it sends no verdict events. */
  readonly egress?: Decision;
  readonly ingress?: Decision;
  readonly http?: readonly HttpCall[];
  /** Names that the source looks up over this edge. */
  readonly dns?: readonly string[];
  /** A loss that is no policy's doing: the drop reason, seen at the source or the destination. */
  readonly fault?: {
    readonly reason: number;
    readonly at: 'source' | 'destination';
    readonly service?: string;
  };
  /** Runs only in the first `forSeconds` of every `everySeconds`, shifted by `phaseSeconds`. */
  readonly rhythm?: {
    readonly everySeconds: number;
    readonly forSeconds: number;
    readonly phaseSeconds: number;
  };
  /** While the incident lasts, `decision` holds at that side, and `weight` counts `factor` times. */
  readonly during?: {
    readonly incident: Incident;
    readonly side: 'egress' | 'ingress';
    readonly decision: Decision;
    readonly factor: number;
  };
};

const policy =
  (kind: PolicyKind) =>
  (key: string): PolicyName => {
    const [namespace = '', name] = key.includes('/') ? key.split('/') : ['', key];
    return { kind, namespace, name: name ?? key };
  };

export const networkPolicy = policy('NetworkPolicy');
export const ciliumPolicy = policy('CiliumNetworkPolicy');
export const clusterwidePolicy = policy('CiliumClusterwideNetworkPolicy');

export const allow = (by: PolicyName, match = 2): Decision => ({
  kind: 'allow',
  by,
  match,
  proxied: false,
});

/** Allowed, and handed to the L7 proxy. */
export const inspect = (by: PolicyName): Decision => ({
  kind: 'allow',
  by,
  match: 2,
  proxied: true,
});

export const deny = (by: PolicyName, match = 1): Decision => ({ kind: 'deny', by, match });

export const DEFAULT_DENY: Decision = { kind: 'default-deny' };
export const AUDIT: Decision = { kind: 'audit' };

type EdgeRest = Omit<Edge, 'from' | 'to' | 'port' | 'protocol' | 'weight'>;

export const tcp = (
  from: string,
  to: string,
  port: number,
  weight: number,
  rest: EdgeRest = {},
): Edge => ({
  from,
  to,
  port,
  protocol: 'tcp',
  weight,
  ...rest,
});

/** DNS look-ups of a workload. */
export const lookUp = (
  from: string,
  weight: number,
  names: readonly string[],
  rest: EdgeRest = {},
): Edge => ({
  from,
  to: 'kube-system/coredns',
  port: 53,
  protocol: 'udp',
  weight,
  dns: names,
  ...rest,
});

export const ping = (from: string, to: string, weight: number, rest: EdgeRest = {}): Edge => ({
  from,
  to,
  port: 0,
  protocol: 'icmp',
  weight,
  ...rest,
});
