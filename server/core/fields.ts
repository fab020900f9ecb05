import { dropReason } from './drop-reasons.ts';
import { endTraits } from './end-traits.ts';
import type { Field } from './field.ts';
import { field, flowTrait } from './field.ts';
import type { Endpoint, Flow, PolicyHit } from './flow.ts';
import { policyName } from './policy-name.ts';

const present = (text: string): readonly string[] => (text === '' ? [] : [text]);
/** A DNS message that asks for several types lists them (`A,AAAA`); it is found by the list and by each of them. */
const withParts = (list: string): readonly string[] =>
  list.includes(',') ? [list, ...list.split(',')] : present(list);
const nonNegative = (value: number): readonly number[] => (value < 0 ? [] : [value]);
const ends = { from: 'source', to: 'destination' } as const;

const endText = (
  name: string,
  aliases: readonly string[],
  about: string,
  read: (end: Endpoint) => string,
): Field =>
  field<Endpoint>({
    ...{ name, aliases, about, columns: ends },
    type: 'text',
    project: (end) => present(read(end)),
  });

const workloadText = (...row: Parameters<typeof endText>): Field => ({
  ...endText(...row),
  ofWorkload: true,
});

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
    ignoreCase: true,
    about: "the source's own word for the verdict",
    columns: 'wireVerdict',
    project: present,
  }),
  field<Flow['verdict']>({
    name: 'reason',
    type: 'text',
    ignoreCase: true,
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
  workloadText('ns', ['namespace'], 'namespace', (end) => end.namespace),
  endText('pod', [], 'pod name', (end) => end.pod),
  workloadText('wl', ['workload'], 'workload that owns the pod', (end) => end.workload),
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
  workloadText('cluster', [], 'cluster of the endpoint', (end) => end.cluster),
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
    ignoreCase: true,
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
    ignoreCase: true,
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
    ignoreCase: true,
    about: 'HTTP method, DNS query type or Kafka api key',
    columns: 'l7',
    project: (l7) => (l7 === undefined ? [] : withParts(l7.method)),
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
    unit: 'bytes',
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
  field<Endpoint>({
    name: 'is',
    type: 'choice',
    about:
      'an end outside the cluster, an end that is a node, a reply, or the first between two ends',
    columns: ends,
    project: endTraits,
    ofFlow: [
      flowTrait('reply', 'reply', (reply) => reply === 'yes'),
      flowTrait('new-pair', 'pair', (pair) => pair === 'new'),
    ],
    choices: { external: [], host: [], reply: [], 'new-pair': [] },
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

const BY_NAME = new Map(
  FIELDS.flatMap((row) => [row.name, ...row.aliases].map((name) => [name, row] as const)),
);

/** Row of a name or an alias. */
export function findField(name: string): Field | undefined {
  return BY_NAME.get(name);
}
