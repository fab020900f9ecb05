import { isRecord } from '../../core/manifest.ts';
import type { RecordedFlow } from '../../core/flow.ts';
import type { Connection } from '../../policy/facts.ts';
import { recordJson } from '../show-flow.ts';

/** ICMP type and code, which only the record itself has. */
export function icmpOf(flow: RecordedFlow): Connection['icmp'] {
  if (!flow.protocol.startsWith('icmp')) return undefined;
  const record = recordJson(flow.raw);
  const event = isRecord(record) && isRecord(record['flow']) ? record['flow'] : record;
  const l4 = isRecord(event) ? event['l4'] : undefined;
  if (!isRecord(l4)) return undefined;
  const icmp = l4['ICMPv4'] ?? l4['ICMPv6'];
  if (!isRecord(icmp)) return undefined;
  // Both are left out of a record where they are 0.
  return { type: Number(icmp['type'] ?? 0), code: Number(icmp['code'] ?? 0) };
}
