import type { Endpoint, Flow, Gap, RawRecord } from '../../core/flow.ts';
import { nanos, type EpochNanos } from '../../core/time.ts';
import { hashedId, idFromPlace, idFromUuid, type RecordPlace } from './flow-id.ts';
import { hubbleEndpoint } from './hubble-endpoint.ts';
import { hubbleHits } from './hubble-hits.ts';
import { hubbleL7, withoutDot } from './hubble-l7.ts';
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
import { createInterner } from './intern.ts';
import { createWorkloadMemory } from './learn-workloads.ts';
import {
  isObject,
  pick,
  pickBigint,
  pickInteger,
  pickObject,
  pickText,
  pickTexts,
  type LooseObject,
} from './loose-json.ts';
import { recordTime } from './record-time.ts';

/** News of nodes, as a relay tells it. */
export type NodeStatus = {
  /** `NODE_CONNECTED`, `NODE_UNAVAILABLE`, `NODE_GONE`, `NODE_ERROR`, or a word or number that is newer. */
  readonly state: string;
  readonly nodes: readonly string[];
  readonly message: string;
};

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

const REJECTED: Readonly<Record<string, string>> = {
  agent_event: 'agent event',
  agentEvent: 'agent event',
  debug_event: 'debug event',
  debugEvent: 'debug event',
};

/** Keys of which a Flow without its envelope has at least one; no other record that we know has any. */
const BARE_KEYS = ['verdict', 'event_type', 'eventType', 'traffic_direction', 'trafficDirection'];

/** Node names to remember for lost events, which exporters write without the cluster. */
const NODE_LIMIT = 10_000;

/**
 * Decodes records in any form of reference/hubble.md 4.2: current, bare, masked, aggregated, wrapped by a log
 * shipper; with proto or lowerCamelCase names. One decoder serves one source: it learns workloads as it reads.
 */
export function createHubbleDecoder(options: { readonly origin: string }): HubbleDecoder {
  const { origin } = options;
  const endpoints = createEndpoints();
  const { hits } = createInterner();
  const fullNames = new Map<string, string>();

  const flowOf = (flow: LooseObject, outer: LooseObject, input: HubbleInput): Flow => {
    const observedAt = timeOf(flow) ?? timeOf(outer);
    const node = normalNode(pickText(flow, 'node_name') || pickText(outer, 'node_name'));
    rememberNode(fullNames, node);
    const event = hubbleEvent(flow);
    const wire = wireVerdict(flow);
    const direction = hubbleDirection(flow);
    const reply = hubbleReply(flow);
    const ip = pickObject(flow, 'IP') ?? pickObject(flow, 'ip');
    const partial = {
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
      source: endpoints(pickObject(flow, 'source')),
      destination: endpoints(pickObject(flow, 'destination')),
      sourceIp: pickText(ip, 'source'),
      destinationIp: pickText(ip, 'destination'),
      ...hubbleL4(flow),
      sourceNames: names(flow, 'source_names'),
      destinationNames: names(flow, 'destination_names'),
      sourceService: hubbleService(flow, 'source_service'),
      destinationService: hubbleService(flow, 'destination_service'),
      l7: hubbleL7(flow),
      verdict: hubbleVerdict(flow, wire, event),
      wireVerdict: wire,
      hits: hits(hubbleHits(flow)),
      counts: hubbleCounts(flow),
      raw: input.raw,
    };
    return { id: flowId(flow, partial, input.place), ...partial };
  };

  return (input) => {
    if (!isObject(input.record)) return { ok: false, reason: 'not a JSON object' };
    const outer = unwrap(input.record);
    const flow = outer['flow'];
    if (isObject(flow)) return { ok: true, kind: 'flow', flow: flowOf(flow, outer, input) };
    const lost = pickObject(outer, 'lost_events');
    if (lost !== undefined) {
      const gap = gapOf(lost, outer, input.receivedAt, origin, fullNames);
      return { ok: true, kind: 'gap', gap };
    }
    const status = pickObject(outer, 'node_status');
    if (status !== undefined) return { ok: true, kind: 'node-status', status: statusOf(status) };
    for (const key in outer) {
      const reason = REJECTED[key];
      if (reason !== undefined) return { ok: false, reason };
    }
    if (BARE_KEYS.some((key) => outer[key] !== undefined)) {
      return { ok: true, kind: 'flow', flow: flowOf(outer, outer, input) };
    }
    return { ok: false, reason: 'unknown kind of record' };
  };
}

/** Log shippers put the record as text into a record of their own; one level of that is undone. */
function unwrap(record: LooseObject): LooseObject {
  for (const key of ['log', 'message', 'msg']) {
    const text = record[key];
    if (typeof text !== 'string' || !text.trimStart().startsWith('{')) continue;
    try {
      const inner: unknown = JSON.parse(text);
      if (isObject(inner)) return inner;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
  return record;
}

function timeOf(object: LooseObject): EpochNanos | undefined {
  const text = object['time'];
  return typeof text === 'string' ? recordTime(text) : undefined;
}

const NO_NAMES: readonly string[] = [];

function names(flow: LooseObject, key: string): readonly string[] {
  const list = pickTexts(flow, key);
  return list.length === 0 ? NO_NAMES : list.map(withoutDot);
}

type Endpoints = (end: LooseObject | undefined) => Endpoint;

/** Endpoints as shared objects; the remote side's workload comes from what the other node told of its own. */
function createEndpoints(): Endpoints {
  const { endpoint: shared } = createInterner();
  const memory = createWorkloadMemory();
  // The protobuf reader hands out one object for equal bytes, so most endpoints are found here.
  const decoded = new WeakMap<LooseObject, Endpoint>();
  const nothing = shared(hubbleEndpoint(undefined));
  return (end) => {
    if (end === undefined) return nothing;
    const known = decoded.get(end);
    if (known !== undefined) return known;
    const told = hubbleEndpoint(end);
    const { cluster, namespace, pod, workload } = told;
    if (pod !== '' && workload === '') {
      const learned = memory.find(cluster, namespace, pod);
      if (learned === undefined) return shared(told);
      return shared({ ...told, workload: learned.name, workloadKind: learned.kind });
    }
    if (pod !== '') memory.learn(cluster, namespace, pod, { name: workload, kind: told.workloadKind });
    const endpoint = shared(told);
    decoded.set(end, endpoint);
    return endpoint;
  };
}

function rememberNode(fullNames: Map<string, string>, node: string): void {
  const slash = node.indexOf('/');
  if (slash < 0) return;
  const bare = node.slice(slash + 1);
  if (fullNames.has(bare)) return;
  if (fullNames.size >= NODE_LIMIT) fullNames.clear();
  fullNames.set(bare, node);
}

function gapOf(
  lost: LooseObject,
  outer: LooseObject,
  receivedAt: EpochNanos,
  origin: string,
  fullNames: ReadonlyMap<string, string>,
): Gap {
  const at = timeOf(outer) ?? receivedAt;
  const from = recordTime(pickText(lost, 'first')) ?? at;
  const to = recordTime(pickText(lost, 'last')) ?? at;
  const node = normalNode(pickText(outer, 'node_name'));
  const source = pick(lost, 'source');
  return {
    kind: 'lost',
    origin,
    node: fullNames.get(node) ?? node,
    from: from < to ? from : to,
    // The end of a gap is outside it, and the last loss is inside.
    to: nanos((from < to ? to : from) + 1n),
    count: pickBigint(lost, 'num_events_lost') ?? 0n,
    reason: lostSource(source),
  };
}

const LOST_SOURCES = [
  'UNKNOWN_LOST_EVENT_SOURCE',
  'PERF_EVENT_RING_BUFFER',
  'OBSERVER_EVENTS_QUEUE',
  'HUBBLE_RING_BUFFER',
] as const;

function lostSource(source: unknown): string {
  if (typeof source === 'string' && source !== '') return source;
  return typeof source === 'number' ? (LOST_SOURCES[source] ?? String(source)) : LOST_SOURCES[0];
}

const NODE_STATES = [
  'UNKNOWN_NODE_STATE',
  'NODE_CONNECTED',
  'NODE_UNAVAILABLE',
  'NODE_GONE',
  'NODE_ERROR',
] as const;

function statusOf(status: LooseObject): NodeStatus {
  const state = pick(status, 'state_change') ?? 0;
  return {
    state: typeof state === 'number' ? (NODE_STATES[state] ?? String(state)) : String(state as string),
    // Relay merges equal errors and may name a node several times.
    nodes: [...new Set(pickTexts(status, 'node_names').map(normalNode))],
    message: pickText(status, 'message'),
  };
}

/** The uuid; before 1.14 there is none, and what the record says stands in for it (reference/hubble.md 5.3). */
function flowId(
  flow: LooseObject,
  partial: Omit<Flow, 'id'>,
  place: RecordPlace | undefined,
): Flow['id'] {
  if (place?.always === true) return idFromPlace(place, partial.raw.bytes);
  const uuid = flow['uuid'];
  if (typeof uuid === 'string' && uuid !== '') return idFromUuid(uuid);
  if (place !== undefined) return idFromPlace(place, partial.raw.bytes);
  const { l7 } = partial;
  const eventType = pickObject(flow, 'event_type');
  return hashedId([
    partial.node,
    partial.timeFrom === 'record' ? partial.observedAt : '',
    partial.sourceIp,
    partial.sourcePort,
    partial.destinationIp,
    partial.destinationPort,
    partial.protocol,
    pickInteger(eventType, 'type') ?? 0,
    pickInteger(eventType, 'sub_type') ?? 0,
    partial.wireVerdict,
    partial.direction,
    partial.reply,
    partial.source.identity,
    partial.destination.identity,
    partial.source.pod,
    partial.destination.pod,
    l7 === undefined ? '' : `${l7.type} ${l7.method} ${l7.path} ${l7.status}`,
    pickText(flow, 'Summary'),
  ]);
}
