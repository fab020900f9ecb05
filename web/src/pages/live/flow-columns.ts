import type { EndJson, FlowJson } from '../../../../server/http/contract.ts';
import type { ColumnId } from '../../state/columns.ts';
import { fieldTerm } from '../../state/query-terms.ts';
import { endName, policyNames, portAndProtocol, reasonWords } from '../../words/flow.ts';
import { formatClock, type Zone } from '../../words/time.ts';

export type FlowColumn = {
  readonly id: ColumnId;
  readonly label: string;
  /** A track of the grid. */
  readonly track: string;
  /** Whether its text is an address, a number or a name: set in the data face. */
  readonly data: boolean;
  readonly text: (flow: FlowJson, zone: Zone) => string;
  /** Query terms that mean "as in this cell"; empty where filtering by it makes no sense. */
  readonly terms: (flow: FlowJson) => readonly string[];
};

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

export const FLOW_COLUMNS: Readonly<Record<ColumnId, FlowColumn>> = {
  time: {
    id: 'time',
    label: 'Time',
    track: '104px',
    data: true,
    text: (flow, zone) => formatClock(flow.observedAt, zone),
    terms: () => [],
  },
  verdict: {
    id: 'verdict',
    label: 'Verdict',
    track: '84px',
    data: false,
    text: (flow) => flow.verdict,
    terms: (flow) => [fieldTerm('verdict', VERDICT_TERM[flow.verdict])],
  },
  source: {
    id: 'source',
    label: 'Source',
    track: 'minmax(130px, 2fr)',
    data: true,
    text: (flow) => endName(flow.source),
    terms: (flow) => endTerms('from', flow.source),
  },
  destination: {
    id: 'destination',
    label: 'Destination',
    track: 'minmax(130px, 2fr)',
    data: true,
    text: (flow) => endName(flow.destination),
    terms: (flow) => endTerms('to', flow.destination),
  },
  port: {
    id: 'port',
    label: 'Port',
    track: '92px',
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
    track: '72px',
    data: false,
    text: ({ direction }) => (direction === 'unknown' ? '' : direction),
    terms: ({ direction }) => [fieldTerm('dir', direction)],
  },
  policy: {
    id: 'policy',
    label: 'Policy',
    track: 'minmax(96px, 1.2fr)',
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
    track: 'minmax(90px, 1.4fr)',
    data: false,
    text: reasonWords,
    terms: (flow) => (flow.reason === null ? [] : [fieldTerm('reason', flow.reason.code)]),
  },
  node: {
    id: 'node',
    label: 'Node',
    track: 'minmax(80px, 0.8fr)',
    data: true,
    text: (flow) => flow.node,
    terms: (flow) => termIf(flow.node, 'node'),
  },
  origin: {
    id: 'origin',
    label: 'Source name',
    track: 'minmax(88px, 0.6fr)',
    data: true,
    text: (flow) => flow.origin,
    terms: (flow) => termIf(flow.origin, 'source'),
  },
};
