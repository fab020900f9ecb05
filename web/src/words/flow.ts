import type { DropCategory } from '../../../server/core/drop-reasons.ts';
import { endName as coreEndName } from '../../../server/core/end-name.ts';
import { policyNames as coreNames } from '../../../server/core/policy-names.ts';
import { weightWords } from '../../../server/core/stands-for.ts';
import { VERDICT_WORD } from '../../../server/core/verdict.ts';
import type { EndJson, FlowJson } from '../../../server/http/contract.ts';

/** `shop/checkout`; what is no workload by its name and address: `world 10.9.0.4`. */
export const endName = (end: EndJson): string => coreEndName(end, end);

/** `:6379/TCP`, `ICMP`, or nothing where the record has neither. */
export function portAndProtocol(flow: FlowJson): string {
  const protocol = flow.protocol.toUpperCase();
  if (flow.destination.port < 0) return protocol;
  return protocol === '' ? `:${flow.destination.port}` : `:${flow.destination.port}/${protocol}`;
}

/** Names of the policies that decided, each once; empty when the record names none. */
export const policyNames = (flow: FlowJson): string => coreNames(flow.hits);

/** What the table shows in one cell for the reason. */
export const reasonWords = (flow: FlowJson): string => flow.reason?.words ?? '';

const CATEGORY: Readonly<Record<DropCategory, string>> = {
  policy: 'policy',
  identity: 'identity, not policy',
  malformed: 'malformed packet, not policy',
  conntrack: 'connection tracking, not policy',
  nat: 'NAT, not policy',
  routing: 'routing, not policy',
  service: 'service load balancing, not policy',
  datapath: 'datapath, not policy',
  'rate-limit': 'rate limit, not policy',
  'egress-gateway': 'egress gateway, not policy',
  encryption: 'encryption, not policy',
  vlan: 'VLAN filter, not policy',
  handled: 'handled here, nothing was lost',
  unknown: 'category not known',
};

export const categoryWords = (category: DropCategory): string => CATEGORY[category];

/** One sentence that says what happened, claiming no more than the record does. */
export function headline(flow: FlowJson): string {
  switch (flow.verdict) {
    case 'dropped':
      return `Dropped: ${flow.reason?.words ?? 'the source gave no reason'}`;
    case 'allowed': {
      const names = policyNames(flow);
      return names === ''
        ? 'Allowed; the record names no policy'
        : `Allowed by ${names} (reported)`;
    }
    case 'audit': {
      const names = policyNames(flow);
      return `Let through in audit mode: enforcement would have dropped it${names === '' ? '' : ` (${names}, reported)`}`;
    }
    case 'error':
      return 'The L7 proxy failed; nothing was decided';
    case 'unknown':
      return `Verdict not known: the source says ${flow.wireVerdict || 'nothing'}`;
  }
}

/** What an aggregate stands for: `stands for 123 events, aggregated by …`; empty for a record of one event. */
export function flowWeight(flow: FlowJson): string {
  const { window } = flow;
  const seconds =
    window === null ? undefined : (Date.parse(window.to) - Date.parse(window.from)) / 1000;
  return weightWords(flow, seconds);
}

/** A row in one sentence, for screen readers and copied text. */
export function flowSentence(flow: FlowJson): string {
  const parts = [
    `${endName(flow.source)} to ${endName(flow.destination)} ${portAndProtocol(flow)}`.trim(),
    VERDICT_WORD[flow.verdict],
    flow.direction === 'unknown' ? '' : flow.direction,
    reasonWords(flow),
    flowWeight(flow),
  ];
  return parts.filter((part) => part !== '').join(', ');
}
