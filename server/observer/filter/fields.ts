import {
  pick,
  pickInteger,
  pickObject,
  pickObjects,
  pickText,
  pickTexts,
  type LooseObject,
} from '../../sources/decode/loose-json.ts';
import { refuse } from '../refuse.ts';
import { addresses, dnsNames, labels, named, ports, workloads } from './end-fields.ts';
import { celExpressions } from './cel.ts';
import { hasHttpField, HTTP_FIELDS } from './http-fields.ts';
import { nodeTest, regexTest } from './patterns.ts';
import { objectsOf, textsOf, type FieldRule, type FlowTest } from './rule.ts';

type Read = (flow: LooseObject) => unknown;

const end = (side: string) => (flow: LooseObject) => pickObject(flow, side);
const ip = (name: string) => (flow: LooseObject) => pickText(pickObject(flow, 'IP'), name);

const oneOf =
  (read: Read): FieldRule =>
  (entries) => {
    const wanted = new Set(entries);
    return ({ flow }) => wanted.has(read(flow));
  };

const L4_PROTOCOLS: ReadonlyMap<string, readonly string[]> = new Map([
  ['icmp', ['ICMPv4', 'ICMPv6']],
  ['icmpv4', ['ICMPv4']],
  ['icmpv6', ['ICMPv6']],
  ['tcp', ['TCP']],
  ['udp', ['UDP']],
  ['sctp', ['SCTP']],
  ['vrrp', ['VRRP']],
  ['igmp', ['IGMP']],
]);
const L7_PROTOCOLS = new Set(['dns', 'http', 'kafka']);

const protocol: FieldRule = (entries, field) => {
  const asked = textsOf(entries).map((text) => text.toLowerCase());
  const known = [...L4_PROTOCOLS.keys(), ...L7_PROTOCOLS];
  const unknown = asked.find((name) => !known.includes(name));
  if (unknown !== undefined) refuse(`${field}: '${unknown}' is none of ${known.join(', ')}`);
  const l4 = asked.flatMap((name) => L4_PROTOCOLS.get(name) ?? []);
  const l7 = asked.filter((name) => L7_PROTOCOLS.has(name));
  return ({ flow }) =>
    l4.some((name) => pickObject(pickObject(flow, 'l4'), name) !== undefined) ||
    l7.some((name) => pickObject(pickObject(flow, 'l7'), name) !== undefined);
};

/** Type 0 stands for any, and sub-type 0 is a real one. */
const eventType: FieldRule = (entries) => {
  const wanted = objectsOf(entries);
  return ({ flow }) => {
    const told = pickObject(flow, 'event_type');
    if (told === undefined) return false;
    const number = (object: LooseObject, key: string): number => pickInteger(object, key) ?? 0;
    return wanted.some((asked) => {
      const type = number(asked, 'type');
      if (type !== 0 && type !== number(told, 'type')) return false;
      return (
        asked['match_sub_type'] !== true || number(asked, 'sub_type') === number(told, 'sub_type')
      );
    });
  };
};

/** A drop that does not say counts as no reply; anything else that does not say is neither. */
const reply: FieldRule = (entries) => {
  const wanted = new Set(entries);
  return ({ flow }) => {
    const told = flow['is_reply'] ?? (flow['verdict'] === 'DROPPED' ? false : undefined);
    return wanted.has(told);
  };
};

const tcpFlags: FieldRule = (entries) => {
  const wanted = objectsOf(entries).map((asked) =>
    Object.keys(asked).filter((name) => asked[name] === true),
  );
  return ({ flow }) => {
    const told = pickObject(pickObject(pickObject(flow, 'l4'), 'TCP'), 'flags');
    return told !== undefined && wanted.some((names) => names.every((name) => told[name] === true));
  };
};

const nodeName: FieldRule = (entries, field) => {
  const tests = textsOf(entries).map((pattern) => nodeTest(field, pattern));
  return ({ node }) => tests.some((test) => test(node));
};

const networkInterface: FieldRule = (entries) => {
  const wanted = objectsOf(entries);
  return ({ flow }) => {
    const told = pickObject(flow, 'interface');
    if (told === undefined) return false;
    return wanted.some(
      (asked) =>
        (asked['name'] === undefined || asked['name'] === told['name']) &&
        (asked['index'] === undefined || asked['index'] === told['index']),
    );
  };
};

const dnsQuery: FieldRule = (entries, field) => {
  const tests = textsOf(entries).map((pattern) => regexTest(field, pattern));
  return ({ flow }) => {
    const dns = pickObject(pickObject(flow, 'l7'), 'dns');
    return dns !== undefined && tests.some((test) => test(pickText(dns, 'query')));
  };
};

/** What each field of a FlowFilter means, by its name. A field that stands here nowhere is refused. */
const RULES: Readonly<Record<string, FieldRule>> = {
  source_ip: addresses(ip('source')),
  destination_ip: addresses(ip('destination')),
  source_ip_xlated: addresses(ip('source_xlated')),
  source_pod: named('source', 'pod_name'),
  destination_pod: named('destination', 'pod_name'),
  source_service: named('source_service', 'name'),
  destination_service: named('destination_service', 'name'),
  source_fqdn: dnsNames('source_names'),
  destination_fqdn: dnsNames('destination_names'),
  source_label: labels((flow) => pickTexts(end('source')(flow), 'labels')),
  destination_label: labels((flow) => pickTexts(end('destination')(flow), 'labels')),
  node_labels: labels((flow) => pickTexts(flow, 'node_labels')),
  source_port: ports('source_port'),
  destination_port: ports('destination_port'),
  source_identity: oneOf((flow) => pickInteger(end('source')(flow), 'identity') ?? 0),
  destination_identity: oneOf((flow) => pickInteger(end('destination')(flow), 'identity') ?? 0),
  source_workload: workloads('source'),
  destination_workload: workloads('destination'),
  source_cluster_name: oneOf((flow) => pickText(end('source')(flow), 'cluster_name')),
  destination_cluster_name: oneOf((flow) => pickText(end('destination')(flow), 'cluster_name')),
  verdict: oneOf((flow) => pick(flow, 'verdict') ?? 'VERDICT_UNKNOWN'),
  drop_reason_desc: oneOf((flow) => pick(flow, 'drop_reason_desc') ?? 'DROP_REASON_UNKNOWN'),
  traffic_direction: oneOf(
    (flow) => pick(flow, 'traffic_direction') ?? 'TRAFFIC_DIRECTION_UNKNOWN',
  ),
  ip_version: oneOf((flow) => pick(pickObject(flow, 'IP'), 'ipVersion') ?? 'IP_NOT_USED'),
  encrypted: oneOf((flow) => pickObject(flow, 'IP')?.['encrypted'] === true),
  trace_id: oneOf((flow) =>
    pickText(pickObject(pickObject(flow, 'trace_context'), 'parent'), 'trace_id'),
  ),
  ip_trace_id: oneOf((flow) => pick(pickObject(flow, 'ip_trace_id'), 'trace_id') ?? '0'),
  uuid: oneOf((flow) => pickText(flow, 'uuid')),
  event_type: eventType,
  protocol,
  reply,
  tcp_flags: tcpFlags,
  node_name: nodeName,
  interface: networkInterface,
  dns_query: dnsQuery,
  experimental: celExpressions,
  ...HTTP_FIELDS,
};

/** What one FlowFilter selects: every field that it fills must fit. */
export function filterTest(filter: LooseObject): FlowTest {
  const tests = Object.entries(filter).map(([field, value]) => {
    const rule = RULES[field];
    if (rule === undefined) refuse(`the filter '${field}' is not known to this version`);
    if (hasHttpField(field)) requireL7(filter, field);
    return rule(Array.isArray(value) ? value : [value], field);
  });
  return (told) => tests.every((test) => test(told));
}

const L7_EVENT = 129;

function requireL7(filter: LooseObject, field: string): void {
  const types = pickObjects(filter, 'event_type');
  if (types.length === 0 || types.some((type) => type['type'] === L7_EVENT)) return;
  refuse(`${field}: needs event_type to hold ${L7_EVENT} (l7), or to be left out`);
}
