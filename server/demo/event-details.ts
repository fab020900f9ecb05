import type { Decision, PolicyName } from './edge.ts';
import {
  DIRECTION,
  DROP,
  EVENT,
  FLOW_TYPE,
  L7_TYPE,
  POINT,
  REASON,
  VERDICT,
  type WireFlow,
  type WireLayer7,
  type WirePolicy,
} from './wire-message.ts';

export type Side = 'egress' | 'ingress';

const AUTH_SPIRE = 1;

/** What differs between the events of one conversation. */
export type EventDetails = Partial<
  Omit<
    WireFlow,
    | 'time'
    | 'source'
    | 'destination'
    | 'l4'
    | 'node_name'
    | 'node_labels'
    | 'emitter'
    | 'uuid'
    | 'IP'
  >
> & { readonly verdict: number; readonly event_type: WireFlow['event_type'] };

const policyMessages = new Map<string, readonly WirePolicy[]>();

/** The list that Hubble sends for a policy that decided. */
function policyList({ kind, namespace, name }: PolicyName): readonly WirePolicy[] {
  const key = `${kind}/${namespace}/${name}`;
  let list = policyMessages.get(key);
  if (list === undefined) {
    const labels = [
      `k8s:io.cilium.k8s.policy.derived-from=${kind}`,
      `k8s:io.cilium.k8s.policy.name=${name}`,
      ...(namespace === '' ? [] : [`k8s:io.cilium.k8s.policy.namespace=${namespace}`]),
    ];
    list = [{ name, ...(namespace === '' ? {} : { namespace }), labels, revision: 42, kind }];
    policyMessages.set(key, list);
  }
  return list;
}

/** A policy-verdict event at one side. */
export function verdictDetails(side: Side, decision: Decision): EventDetails {
  const base = { event_type: { type: EVENT.policyVerdict }, traffic_direction: DIRECTION[side] };
  switch (decision.kind) {
    case 'allow':
    case 'authenticate': {
      const by = policyList(decision.by);
      const proxied = decision.kind === 'allow' && decision.proxied;
      return {
        ...base,
        verdict: proxied ? VERDICT.redirected : VERDICT.forwarded,
        policy_match_type: decision.match,
        is_reply: { value: false },
        ...(proxied ? { proxy_port: proxyPort(side) } : {}),
        ...(decision.kind === 'authenticate' ? { auth_type: AUTH_SPIRE } : {}),
        ...(side === 'egress' ? { egress_allowed_by: by } : { ingress_allowed_by: by }),
      };
    }
    case 'default-deny':
      return { ...base, verdict: VERDICT.dropped, ...dropReason(DROP.policyDenied) };
    case 'deny': {
      const by = policyList(decision.by);
      return {
        ...base,
        verdict: VERDICT.dropped,
        ...dropReason(DROP.policyDeny),
        policy_match_type: decision.match,
        ...(side === 'egress' ? { egress_denied_by: by } : { ingress_denied_by: by }),
      };
    }
    case 'audit':
      return { ...base, verdict: VERDICT.audit, is_reply: { value: false } };
  }
}

const dropReason = (reason: number): { drop_reason: number; drop_reason_desc: number } => ({
  drop_reason: reason,
  drop_reason_desc: reason,
});

/** Port on which the node's proxy listens for rules of that side. */
export const proxyPort = (side: Side): number => (side === 'egress' ? 14_321 : 15_876);

/** The verdict where mutual authentication is asked for and not there yet. No policy is named. */
export function authRequiredDetails(side: Side, match: number): EventDetails {
  return {
    verdict: VERDICT.dropped,
    event_type: { type: EVENT.policyVerdict },
    traffic_direction: DIRECTION[side],
    policy_match_type: match,
    auth_type: AUTH_SPIRE,
    ...dropReason(DROP.authRequired),
  };
}

/** A drop event (type 1). */
export function dropDetails(side: Side, reason: number, line: number): EventDetails {
  return {
    verdict: VERDICT.dropped,
    event_type: { type: EVENT.drop, sub_type: reason },
    traffic_direction: DIRECTION[side],
    file: { name: 'bpf_lxc.c', line },
    ...dropReason(reason),
  };
}

/** A trace event (type 4); `to-endpoint` is 101 as a point but 0 as a sub type. */
export function traceDetails(
  point: number,
  reason: number,
  direction: Side,
  extra: Partial<WireFlow> = {},
): EventDetails {
  const reply = reason === REASON.reply;
  return {
    verdict: VERDICT.forwarded,
    event_type:
      point === POINT.toEndpoint ? { type: EVENT.trace } : { type: EVENT.trace, sub_type: point },
    traffic_direction: DIRECTION[direction],
    trace_observation_point: point,
    trace_reason: reason,
    is_reply: { value: reply },
    ...(reply ? { reply: true } : {}),
    ...extra,
  };
}

/** A record of the L7 proxy (type 129). */
export function l7Details(side: Side, verdict: number, l7: WireLayer7, text: string): EventDetails {
  const reply = l7.type === L7_TYPE.response;
  return {
    verdict,
    Type: FLOW_TYPE.l7,
    event_type: { type: EVENT.l7 },
    traffic_direction: DIRECTION[side],
    is_reply: { value: reply },
    ...(reply ? { reply: true } : {}),
    l7,
    Summary: text,
  };
}
