import type { EndJson } from '../../../../server/http/contract.ts';
import {
  columnTable,
  type ColumnId,
  type FlowColumnId,
} from '../../../../server/core/column-ids.ts';
import { fieldTerm } from '../../state/query-terms.ts';
import { endName, policyNames, portAndProtocol, reasonWords } from '../../words/flow.ts';
import { formatBytes, formatCount } from '../../words/numbers.ts';
import { formatClock } from '../../words/time.ts';
import { endColumn } from './end-columns.ts';
import type { FlowColumn } from './flow-column.ts';

/** Terms that mean this end: its workload where it has one, else its name or address. */
function endTerms(side: 'from' | 'to', end: EndJson): readonly string[] {
  const workload = end.workload || undefined;
  const pod = end.pod || undefined;
  const terms: string[] = [];
  if (end.namespace !== '') terms.push(fieldTerm(`${side}.ns`, end.namespace));
  if (workload !== undefined) terms.push(fieldTerm(`${side}.wl`, workload));
  else if (pod !== undefined) terms.push(fieldTerm(`${side}.pod`, pod));
  else if (end.ip !== '') terms.push(fieldTerm(`${side}.ip`, end.ip));
  return terms;
}

const VERDICT_TERM = {
  allowed: 'forwarded',
  dropped: 'dropped',
  audit: 'audited',
  error: 'error',
  unknown: 'unknown',
} as const;

const termIf = (value: string, field: string): readonly string[] =>
  value === '' ? [] : [fieldTerm(field, value)];

/** Both directions of a count; `undefined` where neither was counted. */
const bothWays = (forward: number, reverse: number): number | undefined =>
  forward < 0 && reverse < 0 ? undefined : Math.max(0, forward) + Math.max(0, reverse);

export const FLOW_COLUMNS: Readonly<Record<FlowColumnId, FlowColumn>> = {
  time: {
    id: 'time',
    label: 'Time',
    min: 90,
    full: 90,
    data: true,
    text: (flow, zone) => formatClock(flow.observedAt, zone),
    terms: () => [],
  },
  verdict: {
    id: 'verdict',
    label: 'Verdict',
    min: 76,
    full: 76,
    data: false,
    text: (flow) => flow.verdict,
    terms: (flow) => [fieldTerm('verdict', VERDICT_TERM[flow.verdict])],
  },
  source: {
    id: 'source',
    label: 'Source',
    min: 118,
    full: 154,
    data: true,
    text: (flow) => endName(flow.source),
    terms: (flow) => endTerms('from', flow.source),
  },
  destination: {
    id: 'destination',
    label: 'Destination',
    min: 138,
    full: 180,
    data: true,
    text: (flow) => endName(flow.destination),
    terms: (flow) => endTerms('to', flow.destination),
  },
  port: {
    id: 'port',
    label: 'Port',
    min: 78,
    full: 78,
    data: true,
    text: portAndProtocol,
    terms: (flow) => [
      ...(flow.destination.port < 0 ? [] : [fieldTerm('to.port', String(flow.destination.port))]),
      ...termIf(flow.protocol, 'proto'),
    ],
  },
  direction: {
    id: 'direction',
    label: 'Direction',
    min: 60,
    full: 60,
    data: false,
    text: ({ direction }) => (direction === 'unknown' ? '' : direction),
    terms: ({ direction }) => [fieldTerm('dir', direction)],
  },
  policy: {
    id: 'policy',
    label: 'Policy',
    min: 110,
    full: 140,
    data: true,
    text: policyNames,
    terms: (flow) => {
      const names = policyNames(flow);
      return [names === '' ? 'policy:none' : fieldTerm('policy', names.split(', ')[0] ?? names)];
    },
  },
  reason: {
    id: 'reason',
    label: 'Reason',
    min: 258,
    full: 260,
    data: false,
    text: reasonWords,
    terms: (flow) => (flow.reason === null ? [] : [fieldTerm('reason', flow.reason.code)]),
  },
  node: {
    id: 'node',
    label: 'Node',
    min: 96,
    full: 134,
    data: true,
    text: (flow) => flow.node,
    terms: (flow) => termIf(flow.node, 'node'),
  },
  origin: {
    id: 'origin',
    label: 'Source name',
    min: 72,
    full: 76,
    data: true,
    text: (flow) => flow.origin,
    terms: (flow) => termIf(flow.origin, 'source'),
  },
  l7: {
    id: 'l7',
    label: 'L7',
    min: 120,
    full: 200,
    data: true,
    text: ({ l7 }) =>
      l7 === null
        ? ''
        : [l7.method, l7.path, l7.status < 0 ? '' : String(l7.status)]
            .filter((part) => part !== '')
            .join(' '),
    terms: ({ l7 }) =>
      l7 === null ? [] : [...termIf(l7.method, 'l7.method'), ...termIf(l7.path, 'l7.path')],
  },
  bytes: {
    id: 'bytes',
    label: 'Bytes',
    min: 84,
    full: 84,
    data: true,
    text: ({ counts }) => {
      const bytes = bothWays(counts.bytesForward, counts.bytesReverse);
      return bytes === undefined ? '' : formatBytes(bytes);
    },
    terms: ({ counts }) => {
      const bytes = bothWays(counts.bytesForward, counts.bytesReverse);
      return bytes === undefined ? ['bytes:none'] : [fieldTerm('bytes', String(bytes))];
    },
  },
  packets: {
    id: 'packets',
    label: 'Packets',
    min: 72,
    full: 72,
    data: true,
    text: ({ counts }) => {
      const packets = bothWays(counts.packetsForward, counts.packetsReverse);
      return packets === undefined ? '' : formatCount(packets);
    },
    terms: () => [],
  },
  event: {
    id: 'event',
    label: 'Event',
    min: 90,
    full: 90,
    data: false,
    text: ({ event }) => event,
    terms: ({ event }) => [fieldTerm('event', event)],
  },
  id: {
    id: 'id',
    label: 'Id',
    min: 120,
    full: 250,
    data: true,
    text: ({ id }) => id,
    terms: ({ id }) => [fieldTerm('id', id)],
  },
};

const ALL = columnTable<FlowColumn>(FLOW_COLUMNS, endColumn);

export const columnsOf = (ids: readonly ColumnId[]): readonly FlowColumn[] =>
  ids.flatMap((id) => ALL.get(id) ?? []);
