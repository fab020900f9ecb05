import type { FlowFields } from '../core/flow.ts';
import type { ColumnName } from './column-specs.ts';

/** The same values row by row as columns of flows. */
export type Tile = { readonly [Name in ColumnName]: readonly FlowFields[Name][] };

/**
 * Turns flows to columns in one pass. Each flow is visited once, with every property read by its own name: a pass
 * for each column, with the name in a variable, takes several times as long.
 */
export function tileFlows(flows: readonly FlowFields[]): Tile {
  const { length } = flows;
  const column = <T>(): T[] => new Array<T>(length);
  const tile = {
    observedAt: column<FlowFields['observedAt']>(),
    verdict: column<FlowFields['verdict']>(),
    event: column<FlowFields['event']>(),
    source: column<FlowFields['source']>(),
    destination: column<FlowFields['destination']>(),
    hits: column<FlowFields['hits']>(),
    counts: column<FlowFields['counts']>(),
    sourcePort: column<number>(),
    destinationPort: column<number>(),
    protocol: column<string>(),
    sourceIp: column<string>(),
    destinationIp: column<string>(),
    origin: column<string>(),
    node: column<string>(),
    reporter: column<FlowFields['reporter']>(),
    direction: column<FlowFields['direction']>(),
    reply: column<FlowFields['reply']>(),
    sourceNames: column<readonly string[]>(),
    destinationNames: column<readonly string[]>(),
    sourceService: column<string>(),
    destinationService: column<string>(),
    l7: column<FlowFields['l7']>(),
    wireVerdict: column<string>(),
    receivedAt: column<FlowFields['receivedAt']>(),
    timeFrom: column<FlowFields['timeFrom']>(),
    window: column<FlowFields['window']>(),
    pair: column<FlowFields['pair']>(),
    id: column<FlowFields['id']>(),
  };
  for (const [row, flow] of flows.entries()) {
    tile.observedAt[row] = flow.observedAt;
    tile.verdict[row] = flow.verdict;
    tile.event[row] = flow.event;
    tile.source[row] = flow.source;
    tile.destination[row] = flow.destination;
    tile.hits[row] = flow.hits;
    tile.counts[row] = flow.counts;
    tile.sourcePort[row] = flow.sourcePort;
    tile.destinationPort[row] = flow.destinationPort;
    tile.protocol[row] = flow.protocol;
    tile.sourceIp[row] = flow.sourceIp;
    tile.destinationIp[row] = flow.destinationIp;
    tile.origin[row] = flow.origin;
    tile.node[row] = flow.node;
    tile.reporter[row] = flow.reporter;
    tile.direction[row] = flow.direction;
    tile.reply[row] = flow.reply;
    tile.sourceNames[row] = flow.sourceNames;
    tile.destinationNames[row] = flow.destinationNames;
    tile.sourceService[row] = flow.sourceService;
    tile.destinationService[row] = flow.destinationService;
    tile.l7[row] = flow.l7;
    tile.wireVerdict[row] = flow.wireVerdict;
    tile.receivedAt[row] = flow.receivedAt;
    tile.timeFrom[row] = flow.timeFrom;
    tile.window[row] = flow.window;
    tile.pair[row] = flow.pair;
    tile.id[row] = flow.id;
  }
  return tile;
}
