import { dropReason } from '../core/drop-reasons.ts';
import type { Endpoint, Flow, FlowEvent, FlowFields, L7, PolicyHit } from '../core/flow.ts';
import { formatTime } from '../core/time.ts';
import type { Verdict } from '../core/verdict.ts';
import type { JsonObject, JsonValue } from '../sources/json-value.ts';

/** Label of a Calico network set or host endpoint, which Hubble has no field for. */
export const NETWORK_LABEL = 'calico:network';

/** Hubble's number of each kind of event; a flow log tells of connections that policy let through or not. */
const EVENT_TYPES: Readonly<Record<FlowEvent, number | undefined>> = {
  drop: 1,
  capture: 3,
  trace: 4,
  'policy-verdict': 5,
  'flow-log': 5,
  socket: 7,
  l7: 129,
  unknown: undefined,
};

/**
 * A `flow.Flow` made of what we know of a flow whose record is none: a line of a Calico flow log. What Calico does not
 * tell stays absent. An aggregated end gets `web-*` for a pod name, the star being what Calico itself writes.
 */
export function builtFlow(flow: FlowFields): JsonObject {
  const type = EVENT_TYPES[flow.event];
  const l4 = l4Of(flow);
  return withoutEmpty({
    time: formatTime(flow.observedAt),
    node_name: flow.node,
    uuid: flow.event === 'flow-log' ? flow.id : '',
    emitter: flow.event === 'flow-log' ? { name: 'Calico' } : undefined,
    ...verdictOf(flow.verdict),
    IP: ipOf(flow),
    l4,
    source: endOf(flow.source, flow.event),
    destination: endOf(flow.destination, flow.event),
    Type: flow.event === 'l7' ? 'L7' : flow.event === 'socket' ? 'SOCK' : 'L3_L4',
    source_names: flow.sourceNames,
    destination_names: flow.destinationNames,
    source_service: serviceOf(flow.sourceService),
    destination_service: serviceOf(flow.destinationService),
    l7: l7Of(flow.l7),
    event_type: type === undefined ? undefined : { type },
    is_reply: flow.reply === 'unknown' ? undefined : flow.reply === 'yes',
    traffic_direction: directionOf(flow),
    ...policiesOf(flow.hits),
    aggregate: flow.window === undefined ? undefined : aggregateOf(flow),
  });
}

function verdictOf(verdict: Verdict): JsonObject {
  switch (verdict.kind) {
    case 'allowed':
      return { verdict: 'FORWARDED' };
    case 'audit':
      return { verdict: 'AUDIT' };
    case 'error':
      return { verdict: 'ERROR' };
    case 'unknown':
      return {};
    case 'dropped': {
      const number = hubbleReason(verdict.reason);
      if (number === undefined) return { verdict: 'DROPPED' };
      return { verdict: 'DROPPED', drop_reason: number, drop_reason_desc: number };
    }
  }
}

const POLICY_DENIED = 133;
const POLICY_DENY = 181;

/** Calico's reasons as the Hubble reason that means the same: no rule allowed it, or a rule denied it. */
function hubbleReason(reason: string): number | undefined {
  switch (reason) {
    case 'CALICO_END_OF_TIER':
    case 'CALICO_NO_PROFILE':
      return POLICY_DENIED;
    case 'CALICO_DENY':
      return POLICY_DENY;
    default:
      return dropReason(reason).number;
  }
}

function ipOf({ sourceIp, destinationIp }: FlowFields): JsonObject | undefined {
  const known = sourceIp || destinationIp;
  if (known === '') return undefined;
  const ipVersion = known.includes(':') ? 'IPv6' : 'IPv4';
  return withoutEmpty({ source: sourceIp, destination: destinationIp, ipVersion });
}

const L4_MEMBERS: ReadonlyMap<string, string> = new Map([
  ['tcp', 'TCP'],
  ['udp', 'UDP'],
  ['sctp', 'SCTP'],
  ['icmp', 'ICMPv4'],
  ['icmpv6', 'ICMPv6'],
]);

function l4Of({ protocol, sourcePort, destinationPort }: FlowFields): JsonObject | undefined {
  const member = L4_MEMBERS.get(protocol);
  if (member === undefined) return undefined;
  if (member.startsWith('ICMP')) return { [member]: {} };
  const ports = {
    source_port: sourcePort > 0 ? sourcePort : undefined,
    destination_port: destinationPort > 0 ? destinationPort : undefined,
  };
  return { [member]: withoutEmpty(ports) };
}

const RESERVED_HOST = 1;
const RESERVED_WORLD = 2;

function endOf(end: Endpoint, event: FlowEvent): JsonObject {
  const told = {
    cluster_name: end.cluster,
    namespace: end.namespace,
    pod_name: end.pod || (end.workload === '' ? '' : `${end.workload}-*`),
    workloads:
      end.workload === '' ? [] : [withoutEmpty({ name: end.workload, kind: end.workloadKind })],
  };
  if (event !== 'flow-log') {
    return withoutEmpty({ ...told, identity: end.identity || undefined, labels: end.labels });
  }
  // Hubble clients tell an end that is no pod by these; Calico has no numbers of its own.
  const reserved = end.kind === 'host' ? 'host' : end.kind === 'workload' ? '' : 'world';
  const identity = { host: RESERVED_HOST, world: RESERVED_WORLD, '': undefined }[reserved];
  const labels = end.labels.map((label) => `k8s:${label}`);
  if (reserved !== '' && end.kind !== 'unknown') labels.push(`reserved:${reserved}`);
  if (end.name !== '') labels.push(`${NETWORK_LABEL}=${end.name}`);
  return withoutEmpty({ ...told, identity: end.kind === 'unknown' ? undefined : identity, labels });
}

function serviceOf(service: string): JsonObject | undefined {
  if (service === '') return undefined;
  const slash = service.indexOf('/');
  return withoutEmpty({
    namespace: service.slice(0, Math.max(0, slash)),
    name: service.slice(slash + 1),
  });
}

const L7_TYPES = { request: 'REQUEST', response: 'RESPONSE', sample: 'SAMPLE', unknown: undefined };

function l7Of(l7: L7 | undefined): JsonObject | undefined {
  if (l7 === undefined) return undefined;
  const code = l7.status > 0 ? l7.status : undefined;
  const http = { code, method: l7.method, url: l7.path };
  const dns = {
    query: l7.path === '' ? '' : `${l7.path}.`,
    rcode: code,
    qtypes: l7.method.split(','),
  };
  const record =
    l7.protocol === 'http'
      ? { http: withoutEmpty(http) }
      : l7.protocol === 'dns'
        ? { dns: withoutEmpty(dns) }
        : {};
  return withoutEmpty({ type: L7_TYPES[l7.type], ...record });
}

function directionOf({ direction }: FlowFields): string | undefined {
  return direction === 'unknown' ? undefined : direction.toUpperCase();
}

/** Only what a dataplane enforced and named: a staged policy decided nothing, and a tier's end is no policy's. */
function policiesOf(hits: Flow['hits']): JsonObject {
  const by = (direction: PolicyHit['direction'], action: PolicyHit['action']): JsonValue[] =>
    hits
      .filter((hit) => hit.stage === 'enforced' && hit.matched !== 'end-of-tier')
      .filter((hit) => hit.direction === direction && hit.action === action)
      .filter((hit) => hit.matched !== 'profile')
      .map(({ policy: { name, namespace, kind } }) => withoutEmpty({ name, namespace, kind }));
  return {
    egress_allowed_by: by('egress', 'allow'),
    ingress_allowed_by: by('ingress', 'allow'),
    egress_denied_by: by('egress', 'deny'),
    ingress_denied_by: by('ingress', 'deny'),
  };
}

const UINT32_MAX = 0xffff_ffff;

function aggregateOf({ direction, counts }: FlowFields): JsonObject {
  const side = direction === 'unknown' ? 'unknown_direction' : direction;
  return withoutEmpty({ [`${side}_flow_count`]: Math.min(counts.events, UINT32_MAX) || undefined });
}

/** proto3 JSON leaves out what is empty. */
function withoutEmpty(message: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(message).filter(
      ([, value]) =>
        value !== undefined && value !== '' && !(Array.isArray(value) && value.length === 0),
    ),
  );
}
