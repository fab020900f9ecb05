import type { Flow, FlowId } from '../../core/flow.ts';
import { NANOS_PER_SECOND, nanos, type EpochNanos } from '../../core/time.ts';
import { readFlowEndpoint } from '../hubble-proto.ts';
import type { SharedJson } from '../shared-json.ts';
import { WireError } from '../wire-reader.ts';
import { idFromUuidBytes } from './hex-id.ts';
import { createHeads, isOrdinary } from './hubble-head.ts';
import { hubbleId } from './hubble-id.ts';
import { hubbleJsonForDecoding } from './hubble-json.ts';
import { createHubbleMemory, type HubbleMemory } from './hubble-memory.ts';
import { hubbleCounts, hubbleL4 } from './hubble-parts.ts';
import { createPieces, isEmpty, type KnownNode } from './hubble-pieces.ts';
import { scanResponse } from './hubble-scan.ts';
import { createScan, type Scan, type ScannedTime, type Span } from './hubble-scanned.ts';
import { createHubbleDecoder, type HubbleRecord } from './hubble.ts';
import type { LooseObject } from './loose-json.ts';

/** Decodes a GetFlowsResponse from its bytes, which the flow keeps and which must not change. */
export type HubbleBytesDecoder = (message: Buffer, receivedAt: EpochNanos) => HubbleRecord;

export type HubbleBytesOptions = {
  readonly origin: string;
  /** For decoders that share what they learn. */
  readonly memory?: HubbleMemory;
};

/** Reads any message, by way of its JSON. */
export function createGenericHubbleDecoder(options: HubbleBytesOptions): HubbleBytesDecoder {
  const decode = createHubbleDecoder(options);
  return (message, receivedAt) => {
    const json = hubbleJsonForDecoding(message);
    if (!json.ok) return json;
    const raw = { format: 'hubble-protobuf', bytes: message } as const;
    return decode({ record: json.record, raw, receivedAt });
  };
}

/**
 * Answers as `createGenericHubbleDecoder` does, many times as fast. Flows of the common L3/L4 kind are put together
 * from parts that are found by their bytes; any other message, and each part on first sight, takes the generic way,
 * so that what fields mean stands in one place. `onGeneric` is called for each message that is left to it.
 */
export function createFastHubbleDecoder({
  origin,
  memory = createHubbleMemory(),
  onGeneric,
}: HubbleBytesOptions & { readonly onGeneric?: () => void }): HubbleBytesDecoder {
  const generic = createGenericHubbleDecoder({ origin, memory });
  const common = createCommonDecoder(origin, memory);
  return (message, receivedAt) => {
    const flow = common(message, receivedAt);
    if (flow !== undefined) return { ok: true, kind: 'flow', flow };
    onGeneric?.();
    return generic(message, receivedAt);
  };
}

const NO_ID = '' as FlowId;
const ONE_EVENT = hubbleCounts({});

/** By number of the member of Layer4. */
const PROTOCOLS = [
  {},
  ...['TCP', 'UDP', 'ICMPv4', 'ICMPv6', 'SCTP'].map((name) => ({ [name]: {} })),
].map((l4) => hubbleL4({ l4 }).protocol);

/** Answers `undefined` for what is not common, and then has learned nothing. */
function createCommonDecoder(
  origin: string,
  memory: HubbleMemory,
): (message: Buffer, receivedAt: EpochNanos) => Flow | undefined {
  const { ends, nodes } = memory;
  const scan = createScan();
  const pieces = createPieces(memory);
  const headOf = createHeads();
  const timeOf = createTimes();

  const see = (node: KnownNode): void => {
    if (node.seenIn === nodes.forgotten()) return;
    nodes.see(node.name);
    node.seenIn = nodes.forgotten();
  };

  const decode = (message: Buffer, receivedAt: EpochNanos): Flow => {
    // Whatever may turn out to be no UTF-8 comes first: a message that is refused teaches nothing.
    const outerNode = pieces.node(message, scan.outerNode);
    const node = isEmpty(scan.node) ? outerNode : pieces.node(message, scan.node);
    const sourceTold = endTold(message, scan.source);
    const destinationTold = endTold(message, scan.destination);
    const sourceIp = pieces.text(message, scan.sourceIp);
    const destinationIp = pieces.text(message, scan.destinationIp);
    pieces.text(message, scan.translatedIp);
    const sourceNames = pieces.names(message, scan.sourceNames, 'source_names');
    const destinationNames = pieces.names(message, scan.destinationNames, 'destination_names');
    const sourceService = pieces.service(message, scan.sourceService, 'source_service');
    const toService = pieces.service(message, scan.destinationService, 'destination_service');
    const policies = pieces.policies(message, scan.policies);
    const { from, end } = scan.uuid;
    const id = isEmpty(scan.uuid) ? NO_ID : idFromUuidBytes(message, from, end);

    see(node);
    // The source is done with before the destination is met, which may teach what the source lacks.
    const source = ends.knowShared(sourceTold);
    const sourceEndpoint = ends.endpoint(source);
    const destination = ends.knowShared(destinationTold);
    const destinationEndpoint = ends.endpoint(destination);
    const head = headOf(scan, { source, destination, named: policies.named }, message);
    const observedAt = timeOf(scan.time) ?? timeOf(scan.outerTime);
    const flow = {
      id,
      origin,
      observedAt: observedAt ?? receivedAt,
      timeFrom: observedAt === undefined ? ('receipt' as const) : ('record' as const),
      receivedAt,
      window: undefined,
      node: node.name,
      event: head.event,
      reporter: head.reporter,
      direction: head.direction,
      reply: head.reply,
      pair: '' as const,
      source: sourceEndpoint,
      destination: destinationEndpoint,
      sourceIp,
      destinationIp,
      sourcePort: scan.sourcePort || -1,
      destinationPort: scan.destinationPort || -1,
      protocol: PROTOCOLS[scan.l4] ?? '',
      sourceNames,
      destinationNames,
      sourceService,
      destinationService: toService,
      l7: undefined,
      verdict: head.verdict,
      wireVerdict: head.wireVerdict,
      hits: policies.hits,
      counts: ONE_EVENT,
      raw: { format: 'hubble-protobuf' as const, bytes: message },
    };
    if (id === NO_ID) flow.id = hubbleId(withoutUuid(scan), flow, undefined);
    return flow;
  };

  return (message, receivedAt) => {
    if (!scanResponse(scan, message) || !isOrdinary(scan)) return undefined;
    try {
      return decode(message, receivedAt);
    } catch (error) {
      if (error instanceof WireError) return undefined;
      throw error;
    }
  };
}

function endTold(message: Buffer, { from, end }: Span): SharedJson | undefined {
  return from === -1 ? undefined : readFlowEndpoint(message, from, end);
}

/** What `hubbleId` asks of a flow that has no uuid. */
const withoutUuid = (scan: Scan): LooseObject => ({
  event_type: { type: scan.eventType, sub_type: scan.subType },
});

/** Flows come thousands to the second, so that of the last one is at hand. */
function createTimes(): (time: ScannedTime) => EpochNanos | undefined {
  let lastSeconds = 0;
  let base = 0n;
  return ({ told, seconds, nanos: fraction }) => {
    if (!told) return undefined;
    if (seconds !== lastSeconds) {
      base = BigInt(seconds) * NANOS_PER_SECOND;
      lastSeconds = seconds;
    }
    return nanos(base + BigInt(fraction));
  };
}
