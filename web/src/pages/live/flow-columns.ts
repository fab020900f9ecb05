import type { EndJson, FlowJson } from '../../../../server/http/contract.ts';
import type { ColumnId } from '../../state/columns.ts';
import { fieldTerm } from '../../state/query-terms.ts';
import { endName, policyNames, portAndProtocol, reasonWords } from '../../words/flow.ts';
import { formatClock, type Zone } from '../../words/time.ts';

export type FlowColumn = {
  readonly id: ColumnId;
  readonly label: string;
  /** Narrowest that still tells, in CSS pixels; below it the table scrolls sideways. */
  readonly min: number;
  /** Width at which its usual text is whole, in CSS pixels. Room is shared out in proportion to it. */
  readonly full: number;
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
};

/** Between two columns, and at both ends of a row, in CSS pixels. */
const GAP = 10;
const PADDING = 12;

/** What may go, first to last: the panel tells all of it, and the time, the ends and the reason never go. */
const YIELDING: readonly ColumnId[] = ['origin', 'node', 'direction'];
/** Goes only where what stays would be cut beyond recognition: it is why one looks. */
const LAST: ColumnId = 'policy';

const widthOf = (columns: readonly FlowColumn[], of: 'min' | 'full'): number =>
  columns.reduce((sum, column) => sum + column[of], 0) + (columns.length - 1) * GAP + 2 * PADDING;

/** Those of the columns for which there is room, so that names and reasons are not cut for lesser ones. */
export function fitColumns(columns: readonly FlowColumn[], widthPx: number): readonly FlowColumn[] {
  let kept = columns;
  for (const id of YIELDING)
    if (widthOf(kept, 'full') > widthPx) kept = kept.filter((column) => column.id !== id);
  return widthOf(kept, 'min') > widthPx ? kept.filter((column) => column.id !== LAST) : kept;
}

/** The tracks of a grid with these columns, and the width below which it scrolls sideways. */
export function gridOf(columns: readonly FlowColumn[]): {
  readonly template: string;
  readonly minWidth: number;
} {
  const track = ({ min, full }: FlowColumn): string =>
    min === full ? `${min}px` : `minmax(${min}px, ${full}fr)`;
  return { template: columns.map(track).join(' '), minWidth: widthOf(columns, 'min') };
}
