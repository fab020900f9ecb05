import type { Flow, StoredFlow } from '../core/flow.ts';
import { valueAt, type Block } from './block.ts';
import type { ColumnName } from './column-specs.ts';

/** Builds the flow of one row. Its endpoints, hits and lists are the block's own, shared between its flows. */
export function materialize(block: Block, row: number, seq: number): StoredFlow {
  // A column holds what `encodeFlows` read from the flow's property of the same name.
  const read = <N extends ColumnName>(name: N) => valueAt(block.column(name), row) as Flow[N];
  return {
    seq,
    id: read('id'),
    origin: read('origin'),
    observedAt: read('observedAt'),
    timeFrom: read('timeFrom'),
    receivedAt: read('receivedAt'),
    window: read('window'),
    pair: read('pair'),
    node: read('node'),
    event: read('event'),
    reporter: read('reporter'),
    direction: read('direction'),
    reply: read('reply'),
    source: read('source'),
    destination: read('destination'),
    sourceIp: read('sourceIp'),
    destinationIp: read('destinationIp'),
    sourcePort: read('sourcePort'),
    destinationPort: read('destinationPort'),
    protocol: read('protocol'),
    sourceNames: read('sourceNames'),
    destinationNames: read('destinationNames'),
    sourceService: read('sourceService'),
    destinationService: read('destinationService'),
    l7: read('l7'),
    verdict: read('verdict'),
    wireVerdict: read('wireVerdict'),
    hits: read('hits'),
    counts: read('counts'),
  };
}
