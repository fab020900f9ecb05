import type { EndColumnName, Side } from '../../../../server/core/column-ids.ts';
import type { EndJson, FlowJson } from '../../../../server/http/contract.ts';
import { fieldTerm } from '../../state/query-terms.ts';
import type { FlowColumn } from './flow-column.ts';

const END_WORDS: Readonly<Record<EndColumnName, string>> = {
  ns: 'namespace',
  pod: 'pod',
  wl: 'workload',
  svc: 'service',
  ip: 'address',
  port: 'port',
  identity: 'identity',
  cluster: 'cluster',
};

const END_WIDTHS: Readonly<Record<EndColumnName, number>> = {
  ns: 110,
  pod: 170,
  wl: 120,
  svc: 130,
  ip: 118,
  port: 70,
  identity: 92,
  cluster: 90,
};

const endText = (end: EndJson, name: EndColumnName): string => {
  switch (name) {
    case 'ns':
      return end.namespace;
    case 'pod':
      return end.pod;
    case 'wl':
      return end.workload;
    case 'svc':
      return end.service;
    case 'ip':
      return end.ip;
    case 'port':
      return end.port < 0 ? '' : String(end.port);
    case 'identity':
      return end.identity === 0 ? '' : String(end.identity);
    case 'cluster':
      return end.cluster;
  }
};

/** A column with one fact of one end. */
export function endColumn(side: Side, name: EndColumnName): FlowColumn {
  const text = (flow: FlowJson): string =>
    endText(side === 'from' ? flow.source : flow.destination, name);
  const field = `${side}.${name}` as const;
  return {
    id: field,
    label: `${side === 'from' ? 'From' : 'To'} ${END_WORDS[name]}`,
    min: Math.min(90, END_WIDTHS[name]),
    full: END_WIDTHS[name],
    data: true,
    text,
    terms: (flow) => [text(flow) === '' ? `${field}:none` : fieldTerm(field, text(flow))],
  };
}
