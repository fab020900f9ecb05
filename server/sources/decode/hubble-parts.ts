import type { Flow, FlowCounts, FlowEvent } from '../../core/flow.ts';
import { namesPolicies } from './hubble-hits.ts';
import { isObject, pick, pickInteger, pickObject, pickText, pickUint32 } from './loose-json.ts';
import type { LooseObject } from './loose-json.ts';

const EVENTS: Readonly<Record<number, FlowEvent>> = {
  1: 'drop',
  3: 'capture',
  4: 'trace',
  5: 'policy-verdict',
  7: 'socket',
  129: 'l7',
};

export function hubbleEvent(flow: LooseObject): FlowEvent {
  const type = pickInteger(pickObject(flow, 'event_type'), 'type');
  const event = type === undefined ? undefined : EVENTS[type];
  if (event !== undefined) return event;
  // A field mask may take the type away; then what only one type has tells it (reference/hubble.md 5.7).
  if (type === undefined && namesPolicies(flow)) return 'policy-verdict';
  const flowType = flow['Type'] ?? flow['type'];
  if (flowType === 'L7' || flowType === 2 || pickObject(flow, 'l7') !== undefined) return 'l7';
  return flowType === 'SOCK' || flowType === 3 ? 'socket' : 'unknown';
}

const PROTOCOLS: ReadonlyMap<string, string> = new Map([
  ['TCP', 'tcp'],
  ['UDP', 'udp'],
  ['ICMPv4', 'icmp'],
  ['ICMPv6', 'icmpv6'],
  ['SCTP', 'sctp'],
  ['VRRP', 'vrrp'],
  ['IGMP', 'igmp'],
]);

/** Whether a member of `l4` is one that Hubble has. */
export const isL4Member = (key: string): boolean => PROTOCOLS.has(key);

export type HubbleL4 = Pick<Flow, 'protocol' | 'sourcePort' | 'destinationPort'>;

const NO_L4: HubbleL4 = { protocol: '', sourcePort: -1, destinationPort: -1 };

/** Presence of the member tells the protocol: an echo reply is an empty ICMPv4. */
export function hubbleL4(flow: LooseObject): HubbleL4 {
  const l4 = pickObject(flow, 'l4');
  if (l4 === undefined) return NO_L4;
  for (const key in l4) {
    const header = l4[key];
    if (!isObject(header)) continue;
    return {
      protocol: PROTOCOLS.get(key) ?? key.toLowerCase(),
      sourcePort: pickUint32(header, 'source_port') ?? -1,
      destinationPort: pickUint32(header, 'destination_port') ?? -1,
    };
  }
  return NO_L4;
}

/** Absent means unknown. The old field `reply` can only say yes: its no is the same as its silence. */
export function hubbleReply(flow: LooseObject): Flow['reply'] {
  const value = pick(flow, 'is_reply');
  // A wrapper that some encoders write as an object, empty for false.
  const flag = isObject(value) ? (value['value'] ?? false) : value;
  if (flag === true || flag === 'true') return 'yes';
  if (flag === false || flag === 'false') return 'no';
  return flow['reply'] === true ? 'yes' : 'unknown';
}

const ONE_EVENT: FlowCounts = {
  events: 1,
  connections: -1,
  packetsForward: -1,
  packetsReverse: -1,
  bytesForward: -1,
  bytesReverse: -1,
};

/** An aggregated record weighs what its counters say, never 1 (reference/hubble.md 5.9). */
export function hubbleCounts(flow: LooseObject): FlowCounts {
  const aggregate = pickObject(flow, 'aggregate');
  if (aggregate === undefined) return ONE_EVENT;
  let events = 0;
  for (const side of ['ingress', 'egress', 'unknown_direction']) {
    events += pickUint32(aggregate, `${side}_flow_count`) ?? 0;
  }
  return events > 1 ? { ...ONE_EVENT, events } : ONE_EVENT;
}

export function hubbleService(flow: LooseObject, name: string): string {
  const service = pickObject(flow, name);
  if (service === undefined) return '';
  const namespace = pickText(service, 'namespace');
  return namespace === '' ? pickText(service, 'name') : `${namespace}/${pickText(service, 'name')}`;
}

/** `cluster/node`; `default` is how Cilium calls a cluster without a name, and some writers leave it out. */
export function normalNode(name: string): string {
  const trimmed = name.trim().replace(/\/+$/, '');
  return trimmed.startsWith('default/') ? trimmed.slice(8) : trimmed;
}
