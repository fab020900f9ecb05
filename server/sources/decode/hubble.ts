import type { Flow, FlowId, Gap, RawRecord } from '../../core/flow.ts';
import type { EpochNanos } from '../../core/time.ts';
import type { RecordPlace } from './flow-id.ts';
import { isBareFlow } from './hubble-bare.ts';
import { hubbleHits } from './hubble-hits.ts';
import { hubbleId } from './hubble-id.ts';
import { hubbleL7 } from './hubble-l7.ts';
import { createHubbleMemory, type HubbleMemory } from './hubble-memory.ts';
import { hubbleNames } from './hubble-names.ts';
import { hubbleGap, hubbleStatus, type NodeStatus } from './hubble-news.ts';
import {
  hubbleCounts,
  hubbleEvent,
  hubbleL4,
  hubbleReply,
  hubbleService,
  normalNode,
} from './hubble-parts.ts';
import { hubbleDirection, hubbleReporter } from './hubble-reporter.ts';
import { hubbleVerdict, wireVerdict } from './hubble-verdict.ts';
import { isObject, pickObject, pickText, type LooseObject } from './loose-json.ts';
import { recordTime } from './record-time.ts';
import { unwrap } from './unwrap.ts';

export type HubbleRecord =
  | { readonly ok: true; readonly kind: 'flow'; readonly flow: Flow }
  | { readonly ok: true; readonly kind: 'gap'; readonly gap: Gap }
  | { readonly ok: true; readonly kind: 'node-status'; readonly status: NodeStatus }
  | { readonly ok: false; readonly reason: string };

export type HubbleInput = {
  /** The record as parsed JSON or as `hubbleJson` gives it. */
  readonly record: unknown;
  readonly raw: RawRecord;
  readonly receivedAt: EpochNanos;
  /** Records of files only. */
  readonly place?: RecordPlace;
};

export type HubbleDecoder = (input: HubbleInput) => HubbleRecord;

const REJECTED: ReadonlyMap<string, string> = new Map([
  ['agent_event', 'agent event'],
  ['agentEvent', 'agent event'],
  ['debug_event', 'debug event'],
  ['debugEvent', 'debug event'],
]);

const NO_ID = '' as FlowId;

/**
 * Decodes records in any form of reference/hubble.md 4.2: current, bare, masked, aggregated, wrapped by a log
 * shipper; with proto or lowerCamelCase names. One decoder serves one source: it learns workloads as it reads.
 */
export function createHubbleDecoder(options: {
  readonly origin: string;
  /** For decoders that share what they learn. */
  readonly memory?: HubbleMemory;
}): HubbleDecoder {
  const { origin, memory = createHubbleMemory() } = options;
  const { ends, hits, nodes } = memory;

  const flowOf = (flow: LooseObject, outer: LooseObject, input: HubbleInput): Flow => {
    const observedAt = timeOf(flow) ?? timeOf(outer);
    const node = normalNode(pickText(flow, 'node_name') || pickText(outer, 'node_name'));
    nodes.see(node);
    const event = hubbleEvent(flow);
    const wire = wireVerdict(flow);
    const direction = hubbleDirection(flow);
    const reply = hubbleReply(flow);
    const ip = pickObject(flow, 'IP') ?? pickObject(flow, 'ip');
    const l4 = hubbleL4(flow);
    const decoded = {
      id: NO_ID,
      origin,
      observedAt: observedAt ?? input.receivedAt,
      timeFrom: observedAt === undefined ? ('receipt' as const) : ('record' as const),
      receivedAt: input.receivedAt,
      window: undefined,
      node,
      event,
      reporter: hubbleReporter(flow, event, direction, reply === 'yes'),
      direction,
      reply,
      pair: '' as const,
      source: ends.endpoint(ends.know(pickObject(flow, 'source'))),
      destination: ends.endpoint(ends.know(pickObject(flow, 'destination'))),
      sourceIp: pickText(ip, 'source'),
      destinationIp: pickText(ip, 'destination'),
      sourcePort: l4.sourcePort,
      destinationPort: l4.destinationPort,
      protocol: l4.protocol,
      sourceNames: hubbleNames(flow, 'source_names'),
      destinationNames: hubbleNames(flow, 'destination_names'),
      sourceService: hubbleService(flow, 'source_service'),
      destinationService: hubbleService(flow, 'destination_service'),
      l7: hubbleL7(flow),
      verdict: hubbleVerdict(flow, wire, event),
      wireVerdict: wire,
      hits: hits(hubbleHits(flow)),
      counts: hubbleCounts(flow),
      raw: input.raw,
    };
    decoded.id = hubbleId(flow, decoded, input.place);
    return decoded;
  };

  return (input) => {
    if (!isObject(input.record)) return { ok: false, reason: 'not a JSON object' };
    const outer = unwrap(input.record);
    const flow = outer['flow'];
    if (isObject(flow)) return { ok: true, kind: 'flow', flow: flowOf(flow, outer, input) };
    const lost = pickObject(outer, 'lost_events');
    if (lost !== undefined) {
      const gap = hubbleGap(lost, outer, input.receivedAt, origin, nodes.fullNames);
      return { ok: true, kind: 'gap', gap };
    }
    const status = pickObject(outer, 'node_status');
    if (status !== undefined)
      return { ok: true, kind: 'node-status', status: hubbleStatus(status) };
    for (const key in outer) {
      const reason = REJECTED.get(key);
      if (reason !== undefined) return { ok: false, reason };
    }
    if (isBareFlow(outer)) {
      return { ok: true, kind: 'flow', flow: flowOf(outer, outer, input) };
    }
    return { ok: false, reason: 'unknown kind of record' };
  };
}

function timeOf(object: LooseObject): EpochNanos | undefined {
  const text = object['time'];
  return typeof text === 'string' ? recordTime(text) : undefined;
}
