import { styleText } from 'node:util';
import { decidingHits } from '../core/drop-groups.ts';
import { endName } from '../core/end-name.ts';
import { policyName } from '../core/policy-name.ts';
import { dropReason } from '../core/drop-reasons.ts';
import type { StoredFlow } from '../core/flow.ts';
import { formatTime } from '../core/time.ts';
import { weightMark } from '../core/stands-for.ts';
import { VERDICT_WORD, type VerdictKind } from '../core/verdict.ts';
import type { TableCell } from './print.ts';

export const FLOW_HEADINGS = [
  'time',
  'verdict',
  'count',
  'source',
  'destination',
  'port',
  'dir',
  'policy',
  'reason',
  'node',
];

const VERDICT_COLOUR: Readonly<Record<VerdictKind, 'green' | 'red' | 'yellow' | 'magenta'>> = {
  allowed: 'green',
  dropped: 'red',
  audit: 'yellow',
  error: 'magenta',
  unknown: 'magenta',
};

/** Coloured on a terminal only, and not where NO_COLOR asks for none. */
const verdictCell = (kind: VerdictKind): TableCell => ({
  text: VERDICT_WORD[kind],
  paint: (text) => styleText(VERDICT_COLOUR[kind], text, { stream: process.stdout }),
});

/** One flow as cells for a table. */
export function flowCells(flow: StoredFlow): readonly TableCell[] {
  const port = flow.destinationPort < 0 ? '' : `:${flow.destinationPort}`;
  return [
    formatTime(flow.observedAt),
    verdictCell(flow.verdict.kind),
    weightMark(flow),
    endName(flow.source, { names: flow.sourceNames, ip: flow.sourceIp }),
    endName(flow.destination, { names: flow.destinationNames, ip: flow.destinationIp }),
    `${port}${flow.protocol === '' ? '' : `/${flow.protocol}`}`,
    flow.direction === 'unknown' ? '' : flow.direction,
    decidingHits(flow.hits)
      .map((hit) => policyName(hit.policy))
      .join(','),
    flow.verdict.kind === 'dropped' ? dropReason(flow.verdict.reason).code : '',
    flow.node,
  ];
}
