/**
 * The part of Hubble's protobuf messages that the simulator fills: proto field names, enums as numbers
 * (reference: cilium/cilium api/v1, 1.19). Absent means not set, as on the wire.
 */
export type WireTime = { readonly seconds: number; readonly nanos: number };

export type WireEndpoint = {
  readonly ID?: number;
  readonly identity?: number;
  readonly cluster_name?: string;
  readonly namespace?: string;
  readonly labels?: readonly string[];
  readonly pod_name?: string;
  readonly workloads?: readonly { readonly name: string; readonly kind: string }[];
};

export type WireFlags = {
  readonly SYN?: boolean;
  readonly ACK?: boolean;
  readonly FIN?: boolean;
  readonly RST?: boolean;
  readonly PSH?: boolean;
};

export type WireLayer4 = {
  readonly TCP?: {
    readonly source_port: number;
    readonly destination_port: number;
    readonly flags?: WireFlags;
  };
  readonly UDP?: { readonly source_port: number; readonly destination_port: number };
  readonly ICMPv4?: { readonly type?: number; readonly code?: number };
  readonly ICMPv6?: { readonly type?: number; readonly code?: number };
};

export type WireLayer7 = {
  readonly type: number;
  readonly latency_ns?: number;
  readonly http?: {
    readonly code?: number;
    readonly method: string;
    readonly url: string;
    readonly protocol: string;
    readonly headers?: readonly { readonly key: string; readonly value: string }[];
  };
  readonly dns?: {
    readonly query: string;
    readonly ips?: readonly string[];
    readonly ttl?: number;
    readonly observation_source: string;
    readonly rcode?: number;
    readonly qtypes: readonly string[];
    readonly rrtypes?: readonly string[];
  };
};

export type WirePolicy = {
  readonly name: string;
  readonly namespace?: string;
  readonly labels: readonly string[];
  readonly revision: number;
  readonly kind: string;
};

export type WireFlow = {
  time: WireTime;
  readonly verdict: number;
  readonly drop_reason?: number;
  readonly ethernet?: { readonly source: string; readonly destination: string };
  readonly IP?: {
    readonly source: string;
    readonly destination: string;
    readonly ipVersion: number;
  };
  readonly l4?: WireLayer4;
  readonly source: WireEndpoint;
  readonly destination: WireEndpoint;
  readonly Type: number;
  readonly node_name: string;
  readonly source_names?: readonly string[];
  readonly destination_names?: readonly string[];
  readonly l7?: WireLayer7;
  readonly reply?: boolean;
  readonly event_type: { readonly type: number; readonly sub_type?: number };
  readonly destination_service?: { readonly name: string; readonly namespace: string };
  readonly traffic_direction?: number;
  readonly policy_match_type?: number;
  readonly trace_observation_point?: number;
  readonly drop_reason_desc?: number;
  /** `google.protobuf.BoolValue`; an absent wrapper means unknown. */
  readonly is_reply?: { readonly value: boolean };
  readonly interface?: { readonly index: number; readonly name: string };
  readonly proxy_port?: number;
  uuid: string;
  readonly auth_type?: number;
  readonly trace_reason?: number;
  readonly node_labels: readonly string[];
  readonly file?: { readonly name: string; readonly line: number };
  readonly emitter: { readonly name: string; readonly version: string };
  readonly egress_allowed_by?: readonly WirePolicy[];
  readonly ingress_allowed_by?: readonly WirePolicy[];
  readonly egress_denied_by?: readonly WirePolicy[];
  readonly ingress_denied_by?: readonly WirePolicy[];
  readonly Summary: string;
};

/** One `observer.GetFlowsResponse`. */
export type WireResponse = {
  readonly flow?: WireFlow;
  readonly node_status?: {
    readonly state_change: number;
    readonly node_names: readonly string[];
    readonly message?: string;
  };
  readonly lost_events?: {
    readonly source: number;
    readonly num_events_lost: number;
    readonly first?: WireTime;
    readonly last?: WireTime;
  };
  readonly node_name: string;
  readonly time: WireTime;
};

export const VERDICT = { forwarded: 1, dropped: 2, audit: 4, redirected: 5 } as const;
export const EVENT = { drop: 1, trace: 4, policyVerdict: 5, l7: 129 } as const;
export const DIRECTION = { ingress: 1, egress: 2 } as const;
export const REASON = { new: 1, established: 2, reply: 3 } as const;
export const POINT = {
  toProxy: 1,
  toHost: 2,
  toStack: 3,
  toOverlay: 4,
  toNetwork: 11,
  toEndpoint: 101,
} as const;
export const LOST = { observerQueue: 2, ringBuffer: 3 } as const;
export const NODE_STATE = { connected: 1, unavailable: 2, error: 4 } as const;
export const L7_TYPE = { request: 1, response: 2 } as const;
export const FLOW_TYPE = { l3l4: 1, l7: 2 } as const;
export const DROP = {
  policyDenied: 133,
  unsupportedL3: 139,
  staleOrUnroutable: 151,
  ctMapInsertionFailed: 155,
  backendNotFound: 158,
  policyDeny: 181,
  authRequired: 189,
} as const;
