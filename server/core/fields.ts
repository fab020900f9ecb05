import type { Endpoint, Flow, PolicyHit } from './flow.ts';
import { dropReason } from './drop-reasons.ts';

/** Properties of a flow that queries read. Each is one column of a stored block. */
export type FlowColumn = Exclude<keyof Flow, 'raw' | 'window' | 'timeFrom'>;

/** What a query compares: text, or a number that has an order. */
export type Comparable = string | number;

/**
 * One row of the field table. `project` turns a column's value into what queries compare; an empty list
 * means that the flow has no value (`field:none`). It is pure, so evaluators call it once a distinct value.
 */
export type Field = {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly type: 'text' | 'number' | 'address' | 'choice';
  /** One line for completion and docs. */
  readonly about: string;
  /** Column of each end, for fields that take `from.` and `to.`; else the one column. */
  readonly columns: { readonly from: FlowColumn; readonly to: FlowColumn } | FlowColumn;
  readonly project: (value: never) => readonly Comparable[];
  /** All values, for `choice` fields; the key is canonical, the list holds what else may be typed. */
  readonly choices?: Readonly<Record<string, readonly string[]>>;
};

type Row<V> = Omit<Field, 'project' | 'aliases'> & {
  readonly aliases?: readonly string[];
  readonly project: (value: V) => readonly Comparable[];
};

const field = <V>(row: Row<V>): Field => ({ aliases: [], ...row });

const present = (text: string): readonly string[] => (text === '' ? [] : [text]);
const nonNegative = (value: number): readonly number[] => (value < 0 ? [] : [value]);
const ends = { from: 'source', to: 'destination' } as const;

const EXTERNAL = new Set(['world', 'world-ipv4', 'world-ipv6', 'pub']);
const HOST = new Set(['host', 'remote-node']);

/** The traits that `is:` knows of an end. */
function endTraits(end: Endpoint): readonly string[] {
  const traits: string[] = [];
  const reserved = end.labels
    .filter((label) => label.startsWith('reserved:'))
    .map((label) => label.slice(9));
  if (EXTERNAL.has(end.name) || reserved.some((name) => EXTERNAL.has(name)))
    traits.push('external');
  if (end.kind === 'host' || reserved.some((name) => HOST.has(name))) traits.push('host');
  return traits;
}

/** `namespace/name`, or the name alone for what is cluster-wide; what `policy:` compares and screens show. */
export function policyName(hit: PolicyHit['policy']): string {
  return hit.namespace === '' ? hit.name : `${hit.namespace}/${hit.name}`;
}

export const FIELDS: readonly Field[] = [
  field<Flow['verdict']>({
    name: 'verdict',
    type: 'choice',
    about: 'what the dataplane did',
    columns: 'verdict',
    project: (verdict) => [
      verdict.kind === 'allowed'
        ? 'forwarded'
        : verdict.kind === 'audit'
          ? 'audited'
          : verdict.kind,
    ],
    choices: {
      forwarded: ['allowed'],
      dropped: ['denied'],
      audited: ['audit'],
      error: [],
      unknown: [],
    },
  }),
  field<string>({
    name: 'raw.verdict',
    type: 'text',
    about: "the source's own word for the verdict",
    columns: 'wireVerdict',
    project: present,
  }),
  field<Flow['verdict']>({
    name: 'reason',
    type: 'text',
    about: 'why it was dropped: a code, its number, or a category such as policy',
    columns: 'verdict',
    project: (verdict) => {
      if (verdict.kind !== 'dropped') return [];
      const reason = dropReason(verdict.reason);
      return [
        reason.code,
        reason.category,
        ...(reason.number === undefined ? [] : [String(reason.number)]),
      ];
    },
  }),
  field<Endpoint>({
    name: 'ns',
    aliases: ['namespace'],
    type: 'text',
    about: 'namespace',
    columns: ends,
    project: (end) => present(end.namespace),
  }),
  field<Endpoint>({
    name: 'pod',
    type: 'text',
    about: 'pod name',
    columns: ends,
    project: (end) => present(end.pod),
  }),
  field<Endpoint>({
    name: 'wl',
    aliases: ['workload'],
    type: 'text',
    about: 'workload that owns the pod',
    columns: ends,
    project: (end) => present(end.workload),
  }),
  field<string>({
    name: 'svc',
    aliases: ['service'],
    type: 'text',
    about: 'service, as namespace/name',
    columns: { from: 'sourceService', to: 'destinationService' },
    project: (service) =>
      service === '' ? [] : [service, service.slice(service.indexOf('/') + 1)],
  }),
  field<string>({
    name: 'node',
    type: 'text',
    about: 'node that reported it, with or without its cluster',
    columns: 'node',
    project: (node) =>
      node === '' ? [] : node.includes('/') ? [node, node.slice(node.indexOf('/') + 1)] : [node],
  }),
  field<Endpoint>({
    name: 'cluster',
    type: 'text',
    about: 'cluster of the endpoint',
    columns: ends,
    project: (end) => present(end.cluster),
  }),
  field<string>({
    name: 'ip',
    type: 'address',
    about: 'address or CIDR',
    columns: { from: 'sourceIp', to: 'destinationIp' },
    project: present,
  }),
  field<readonly string[]>({
    name: 'fqdn',
    type: 'text',
    about: 'DNS name known for the address',
    columns: { from: 'sourceNames', to: 'destinationNames' },
    project: (names) => names,
  }),
  field<number>({
    name: 'port',
    type: 'number',
    about: 'port number or range',
    columns: { from: 'sourcePort', to: 'destinationPort' },
    project: nonNegative,
  }),
  field<string>({
    name: 'proto',
    aliases: ['protocol'],
    type: 'text',
    about: 'protocol: tcp, udp, icmp, sctp, …',
    columns: 'protocol',
    project: present,
  }),
  field<string>({
    name: 'dir',
    aliases: ['direction'],
    type: 'choice',
    about: 'direction of the connection, as reported',
    columns: 'direction',
    project: (direction) => [direction],
    choices: { ingress: ['in'], egress: ['out'], unknown: [] },
  }),
  field<readonly PolicyHit[]>({
    name: 'policy',
    type: 'text',
    about: 'policy that the dataplane credits, as namespace/name or name',
    columns: 'hits',
    project: (hits) =>
      hits
        .filter((hit) => hit.matched !== 'end-of-tier')
        .flatMap(({ policy }) =>
          policy.namespace === '' ? [policy.name] : [policyName(policy), policy.name],
        ),
  }),
  field<readonly PolicyHit[]>({
    name: 'rule',
    type: 'number',
    about: 'position of the matching rule in its policy, from 0',
    columns: 'hits',
    project: (hits) => hits.filter((hit) => hit.rule >= 0).map((hit) => hit.rule),
  }),
  field<Endpoint>({
    name: 'identity',
    type: 'number',
    about: 'Cilium security identity',
    columns: ends,
    project: (end) => (end.identity === 0 ? [] : [end.identity]),
  }),
  field<Flow['l7']>({
    name: 'l7.method',
    type: 'text',
    about: 'HTTP method, DNS query type or Kafka api key',
    columns: 'l7',
    project: (l7) => (l7 === undefined ? [] : present(l7.method)),
  }),
  field<Flow['l7']>({
    name: 'l7.path',
    type: 'text',
    about: 'HTTP URL, DNS name or Kafka topic',
    columns: 'l7',
    project: (l7) => (l7 === undefined ? [] : present(l7.path)),
  }),
  field<Flow['l7']>({
    name: 'l7.status',
    type: 'number',
    about: 'HTTP status or DNS response code',
    columns: 'l7',
    project: (l7) => (l7 === undefined ? [] : nonNegative(l7.status)),
  }),
  field<Flow['counts']>({
    name: 'bytes',
    type: 'number',
    about: 'bytes both ways, where the source counts them',
    columns: 'counts',
    project: (counts) =>
      counts.bytesForward < 0 && counts.bytesReverse < 0
        ? []
        : [Math.max(0, counts.bytesForward) + Math.max(0, counts.bytesReverse)],
  }),
  field<string>({
    name: 'event',
    type: 'choice',
    about: 'kind of observation',
    columns: 'event',
    project: (event) => [event],
    choices: {
      'policy-verdict': [],
      drop: [],
      trace: [],
      l7: [],
      socket: [],
      capture: [],
      'flow-log': [],
      unknown: [],
    },
  }),
  field<string>({
    name: 'source',
    type: 'text',
    about: 'source that told it, by its name in Sources',
    columns: 'origin',
    project: present,
  }),
  field<string>({
    name: 'id',
    type: 'text',
    about: 'id of one flow',
    columns: 'id',
    project: present,
  }),
];
