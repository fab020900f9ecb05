import {
  COLUMN_IDS,
  columnTable,
  type ColumnId,
  type EndColumnName,
  type FlowColumnId,
  type Side,
} from '../core/column-ids.ts';
import { dropReason } from '../core/drop-reasons.ts';
import { endName } from '../core/end-name.ts';
import type { StoredFlow } from '../core/flow.ts';
import { policyNames } from '../core/policy-names.ts';
import { formatTime } from '../core/time.ts';
import { VERDICT_WORD } from '../core/verdict.ts';
import { csvLine, type Cell } from './csv.ts';

/** What a column of the screen is in a file: as many cells as it takes for each to be one plain value. */
type CsvColumn = {
  readonly heads: readonly string[];
  readonly cells: (flow: StoredFlow) => readonly Cell[];
};

const one = (head: string, read: (flow: StoredFlow) => Cell): CsvColumn => ({
  heads: [head],
  cells: (flow) => [read(flow)],
});

/** Records write -1 for what nobody counted; a cell without a value says the same. */
const known = (count: number): Cell => (count < 0 ? null : count);

const OF_FLOW: Readonly<Record<FlowColumnId, CsvColumn>> = {
  time: one('time', (flow) => formatTime(flow.observedAt)),
  verdict: one('verdict', (flow) => VERDICT_WORD[flow.verdict.kind]),
  source: one('source', (flow) =>
    endName(flow.source, { names: flow.sourceNames, ip: flow.sourceIp }),
  ),
  destination: one('destination', (flow) =>
    endName(flow.destination, { names: flow.destinationNames, ip: flow.destinationIp }),
  ),
  port: {
    heads: ['port', 'protocol'],
    cells: (flow) => [known(flow.destinationPort), flow.protocol],
  },
  direction: one('direction', (flow) => (flow.direction === 'unknown' ? null : flow.direction)),
  policy: one('policy', (flow) => policyNames(flow.hits)),
  reason: {
    heads: ['reason', 'reason_words'],
    cells: ({ verdict }) => {
      if (verdict.kind !== 'dropped') return [null, null];
      const { code, words } = dropReason(verdict.reason);
      return [code, words];
    },
  },
  node: one('node', (flow) => flow.node),
  origin: one('origin', (flow) => flow.origin),
  l7: {
    heads: ['l7.protocol', 'l7.type', 'l7.method', 'l7.path', 'l7.status'],
    cells: ({ l7 }) =>
      l7 === undefined
        ? [null, null, null, null, null]
        : [l7.protocol, l7.type, l7.method, l7.path, known(l7.status)],
  },
  bytes: {
    heads: ['bytes.forward', 'bytes.reverse'],
    cells: ({ counts }) => [known(counts.bytesForward), known(counts.bytesReverse)],
  },
  packets: {
    heads: ['events', 'packets.forward', 'packets.reverse'],
    cells: ({ counts }) => [
      counts.events,
      known(counts.packetsForward),
      known(counts.packetsReverse),
    ],
  },
  event: one('event', (flow) => flow.event),
  id: { heads: ['id', 'seq'], cells: (flow) => [flow.id, flow.seq] },
};

function endCell(flow: StoredFlow, side: Side, name: EndColumnName): Cell {
  const isSource = side === 'from';
  const end = isSource ? flow.source : flow.destination;
  switch (name) {
    case 'ns':
      return end.namespace;
    case 'pod':
      return end.pod;
    case 'wl':
      return end.workload;
    case 'svc':
      return isSource ? flow.sourceService : flow.destinationService;
    case 'ip':
      return isSource ? flow.sourceIp : flow.destinationIp;
    case 'port':
      return known(isSource ? flow.sourcePort : flow.destinationPort);
    case 'identity':
      return end.identity === 0 ? null : end.identity;
    case 'cluster':
      return end.cluster;
  }
}

const COLUMNS = columnTable(OF_FLOW, (side, name) =>
  one(`${side}.${name}`, (flow) => endCell(flow, side, name)),
);

const chosen = (ids: readonly ColumnId[]): readonly CsvColumn[] =>
  ids.flatMap((id) => COLUMNS.get(id) ?? []);

/** Flows as CSV: the first line names the columns, and each flow has all of them, known or not. */
export function flowCsv(ids: readonly ColumnId[] = COLUMN_IDS): {
  readonly head: string;
  readonly line: (flow: StoredFlow) => string;
} {
  const columns = chosen(ids);
  return {
    head: csvLine(columns.flatMap(({ heads }) => heads)),
    line: (flow) => csvLine(columns.flatMap(({ cells }) => cells(flow))),
  };
}
