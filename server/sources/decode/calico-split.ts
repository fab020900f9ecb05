import type { Flow, FlowCounts, PolicyHit } from '../../core/flow.ts';
import { hashedId } from './flow-id.ts';
import type { LooseObject } from './loose-json.ts';
import { createRecent } from './recent.ts';

export type SplitMemory = (record: LooseObject, flow: Omit<Flow, 'id'>) => FlowCounts;

/** Lines remembered. The lines of one interval come in one burst, so twins stand near each other. */
const LINES = 20_000;

/** What tells two lines of one interval apart, and all counters (reference/calico.md 2.3). */
const FIELDS = [
  ...['start_time', 'startTime', 'end_time', 'endTime', 'host', 'reporter', 'action', 'proto'],
  ...['source_type', 'source_namespace', 'source_name', 'source_name_aggr', 'source_ip'],
  ...['source_port', 'source_port_num', 'dest_port', 'dest_port_num'],
  ...['dest_type', 'dest_namespace', 'dest_name', 'dest_name_aggr', 'dest_ip'],
  ...['dest_service_namespace', 'dest_service_name', 'dest_service_port', 'dest_service_port_num'],
  ...['process_name', 'process_id'],
  ...['num_flows', 'num_flows_started', 'num_flows_completed'],
  ...['packets_in', 'packets_out', 'bytes_in', 'bytes_out'],
];

/**
 * Finds split records: when a flow's enforced policies changed within an interval, Felix writes one line for each
 * set, with the whole traffic in each (reference/calico.md 4.3). The memory answers with the counts that a flow
 * shall have: its own for the first line of such a set, none for the others, so that sums over flows and hit
 * counts hold the traffic once. Every line remains a flow, and its raw record tells what it told. After a
 * restart between two lines of a set the second counts again.
 */
export function createSplitMemory(): SplitMemory {
  const firsts = createRecent<readonly PolicyHit[]>(LINES);
  return (record, flow) => {
    const { counts, hits, window } = flow;
    if (window === undefined || !tellsTraffic(counts)) return counts;
    const key = hashedId([JSON.stringify(FIELDS.map((name) => record[name] ?? null))]);
    const first = firsts.get(key);
    if (first === undefined) {
      firsts.set(key, hits);
      return counts;
    }
    // The same set again is the same line read again, or no split: neither is ours to take away.
    return isSameSet(first, hits) ? counts : withoutTraffic(counts);
  };
}

/** Equal lists are one object, unless the interner forgot it in between. */
const isSameSet = (one: readonly PolicyHit[], other: readonly PolicyHit[]): boolean =>
  one === other || enforcedText(one) === enforcedText(other);

const enforcedText = (hits: readonly PolicyHit[]): string =>
  JSON.stringify(hits.filter(({ stage }) => stage === 'enforced'));

const tellsTraffic = (counts: FlowCounts): boolean =>
  counts.connections > 0 ||
  counts.packetsForward > 0 ||
  counts.packetsReverse > 0 ||
  counts.bytesForward > 0 ||
  counts.bytesReverse > 0;

/** What is not told stays not told. */
function withoutTraffic(counts: FlowCounts): FlowCounts {
  const none = (count: number): number => Math.min(0, count);
  return {
    events: 0,
    connections: none(counts.connections),
    packetsForward: none(counts.packetsForward),
    packetsReverse: none(counts.packetsReverse),
    bytesForward: none(counts.bytesForward),
    bytesReverse: none(counts.bytesReverse),
  };
}
