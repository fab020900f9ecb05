import { decidingHits } from '../core/drop-groups.ts';
import { endName } from '../core/end-name.ts';
import { policyName } from '../core/fields.ts';
import { dropReason } from '../core/drop-reasons.ts';
import type { StoredFlow } from '../core/flow.ts';
import { formatTime } from '../core/time.ts';
import { weightMark } from '../core/stands-for.ts';
import { VERDICT_WORD } from '../core/verdict.ts';

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

/** One flow as cells for a table. */
export function flowCells(flow: StoredFlow): readonly string[] {
  const port = flow.destinationPort < 0 ? '' : `:${flow.destinationPort}`;
  return [
    formatTime(flow.observedAt),
    VERDICT_WORD[flow.verdict.kind],
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
