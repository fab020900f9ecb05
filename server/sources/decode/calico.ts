import type { Direction, Flow, FlowCounts, FlowId, RawRecord, Reporter } from '../../core/flow.ts';
import type { EpochNanos } from '../../core/time.ts';
import { ALLOWED, type Verdict } from '../../core/verdict.ts';
import { calicoEndpoint, calicoText } from './calico-endpoint.ts';
import { calicoTimes } from './calico-times.ts';
import { createSplitMemory } from './calico-split.ts';
import { calicoTrace, type CalicoTrace } from './calico-trace.ts';
import { hashedId, idFromPlace, type RecordPlace } from './flow-id.ts';
import { createInterner } from './intern.ts';
import { asInteger, isObject, pickTexts, type LooseObject } from './loose-json.ts';
import { withoutDot } from './hubble-l7.ts';
import { unwrap } from './unwrap.ts';

export type CalicoRecord =
  | {
      readonly ok: true;
      readonly flow: Flow;
      /** Policy strings of the line that could not be read; they stay in the raw record. */
      readonly unreadPolicies: number;
    }
  | { readonly ok: false; readonly reason: string };

export type CalicoInput = {
  /** The parsed line. */
  readonly record: unknown;
  readonly raw: RawRecord;
  readonly receivedAt: EpochNanos;
  readonly place?: RecordPlace;
  /** Of a record that is no line, but tells the same in another form: what lines tell differently. */
  readonly told?: { readonly trace: (direction: Direction) => CalicoTrace; readonly id: FlowId };
};

export type CalicoDecoder = (input: CalicoInput) => CalicoRecord;

/**
 * Decodes lines of a Calico Enterprise or Cloud flow log, also inside the record of a log shipper. `node` stands
 * in where no collector added `host`. One decoder serves one source: it remembers lines to find those that tell
 * the same traffic again for another policy set, and lets only the first of them count it (calico-split.ts).
 */
export function createCalicoDecoder(options: {
  readonly origin: string;
  readonly node: string;
}): CalicoDecoder {
  const { endpoint, hits } = createInterner();
  const split = createSplitMemory();
  return ({ record: line, raw, receivedAt, place, told }) => {
    if (!isObject(line)) return { ok: false, reason: 'not a JSON object' };
    const record = unwrap(line);
    const refusal = notAFlow(record);
    if (refusal !== undefined) return { ok: false, reason: refusal };
    const times = calicoTimes(record);
    if (!times.ok) return times;
    const { reporter, direction } = reporterOf(record);
    const policies = record['policies'];
    const trace =
      told?.trace(direction) ?? calicoTrace(isObject(policies) ? policies : undefined, direction);
    const action = calicoText(record, 'action');
    const partial = {
      origin: options.origin,
      observedAt: times.observedAt ?? receivedAt,
      timeFrom: times.observedAt === undefined ? ('receipt' as const) : ('record' as const),
      receivedAt,
      window: times.window,
      node: calicoText(record, 'host') || options.node,
      event: 'flow-log' as const,
      reporter,
      direction,
      reply: 'no' as const,
      pair: '' as const,
      source: endpoint(calicoEndpoint(record, 'source')),
      destination: endpoint(calicoEndpoint(record, 'dest')),
      sourceIp: calicoText(record, 'source_ip'),
      destinationIp: calicoText(record, 'dest_ip'),
      sourcePort: portOf(record, 'source_port'),
      destinationPort: portOf(record, 'dest_port'),
      protocol: protocolOf(record),
      sourceNames: NO_NAMES,
      destinationNames: pickTexts(record, 'dest_domains').map(withoutDot),
      sourceService: '',
      destinationService: serviceOf(record),
      l7: undefined,
      verdict: verdictOf(action, trace),
      wireVerdict: action,
      hits: hits(trace.hits),
      counts: countsOf(record, reporter),
      raw,
    };
    const id = told?.id ?? (place === undefined ? keyId(partial) : idFromPlace(place, raw.bytes));
    const counts = split(record, partial);
    return { ok: true, flow: { id, ...partial, counts }, unreadPolicies: trace.unread };
  };
}

const NO_NAMES: readonly string[] = [];

/** Says why a line is no flow-log line; `undefined` when it is one. */
function notAFlow(record: LooseObject): string | undefined {
  if ('qname' in record || record['type'] === 'UNLOGGED' || record['type'] === 'unlogged') {
    return 'Calico DNS log line, not a flow';
  }
  if ('src_name_aggr' in record || 'duration_mean' in record)
    return 'Calico L7 log line, not a flow';
  if ('Key' in record || isObject(record['flow'])) return 'Goldmane flow, not a flow-log line';
  if ('protocol' in record && 'reporter' in record) return 'Whisker flow, not a flow-log line';
  const isFlow =
    typeof record['action'] === 'string' &&
    (typeof record['reporter'] === 'string' || tellsEnds(record));
  return isFlow ? undefined : 'unknown kind of record';
}

/** A line whose reporter another hand removed still has the keys of its ends. */
function tellsEnds(record: LooseObject): boolean {
  for (const key in record) if (key.startsWith('source_') || key.startsWith('dest_')) return true;
  return false;
}

/** `dst, fwd` occurs: the endpoint that reported comes first in meaning. */
function reporterOf(record: LooseObject): { reporter: Reporter; direction: Direction } {
  const words = calicoText(record, 'reporter')
    .toLowerCase()
    .split(/\s*,\s*/);
  if (words.includes('src')) return { reporter: 'source', direction: 'egress' };
  if (words.includes('dst')) return { reporter: 'destination', direction: 'ingress' };
  return { reporter: words.includes('fwd') ? 'forward' : 'unknown', direction: 'unknown' };
}

function portOf(record: LooseObject, key: string): number {
  const port = asInteger(record[key] ?? record[`${key}_num`]) ?? -1;
  return port >= 0 && port <= 65_535 ? port : -1;
}

const PROTOCOLS: ReadonlyMap<string, string> = new Map([
  ['icmp6', 'icmpv6'],
  ['1', 'icmp'],
  ['6', 'tcp'],
  ['17', 'udp'],
  ['58', 'icmpv6'],
  ['132', 'sctp'],
]);

/** A name, or the number that the protocol has in IP headers, as text or number. */
function protocolOf(record: LooseObject): string {
  const number = asInteger(record['proto']);
  const word = number === undefined ? calicoText(record, 'proto').toLowerCase() : String(number);
  return PROTOCOLS.get(word) ?? word;
}

function serviceOf(record: LooseObject): string {
  const name = calicoText(record, 'dest_service_name');
  const namespace = calicoText(record, 'dest_service_namespace');
  return name === '' || namespace === '' ? name : `${namespace}/${name}`;
}

function verdictOf(action: string, { final }: CalicoTrace): Verdict {
  const word = action.toLowerCase();
  if (word === 'allow') return ALLOWED;
  if (word !== 'deny') return { kind: 'unknown', wire: action };
  if (final?.action !== 'deny') return { kind: 'dropped', reason: 'CALICO_NOT_TOLD' };
  if (final.matched === 'end-of-tier') return { kind: 'dropped', reason: 'CALICO_END_OF_TIER' };
  if (final.matched === 'profile') return { kind: 'dropped', reason: 'CALICO_NO_PROFILE' };
  return { kind: 'dropped', reason: 'CALICO_DENY' };
}

/** In and out are the reporting endpoint's, not the connection's (reference/calico.md 4.2). */
function countsOf(record: LooseObject, reporter: Reporter): FlowCounts {
  const count = (key: string): number => Math.max(-1, asInteger(record[key]) ?? -1);
  const atSource = reporter === 'source';
  const told = atSource || reporter === 'destination';
  const [forward, reverse] = atSource ? ['out', 'in'] : ['in', 'out'];
  const connections = count('num_flows_started');
  return {
    events: connections > 0 || movedNothing(record) ? Math.max(0, connections) : 1,
    connections,
    packetsForward: told ? count(`packets_${forward}`) : -1,
    packetsReverse: told ? count(`packets_${reverse}`) : -1,
    bytesForward: told ? count(`bytes_${forward}`) : -1,
    bytesReverse: told ? count(`bytes_${reverse}`) : -1,
  };
}

/**
 * A line whose flows are alive and moved no data, as Felix writes in each interval (reference/calico.md 4.3): it adds
 * nothing to the traffic. Where a counter is not told, nobody knows.
 */
const movedNothing = (record: LooseObject): boolean =>
  ['num_flows_started', 'packets_in', 'packets_out', 'bytes_in', 'bytes_out'].every(
    (key) => asInteger(record[key]) === 0,
  );

/** The key of a flow log's record (reference/calico.md 13.5), for lines that come from no file of ours. */
function keyId(flow: Omit<Flow, 'id'>): Flow['id'] {
  const end = ({ kind, namespace, pod, workload, name }: Flow['source']): string =>
    [kind, namespace, pod, workload, name].join('/');
  return hashedId([
    flow.node,
    flow.window?.from ?? '',
    flow.window?.to ?? '',
    flow.reporter,
    flow.wireVerdict,
    end(flow.source),
    end(flow.destination),
    flow.sourceIp,
    flow.sourcePort,
    flow.destinationIp,
    flow.destinationPort,
    flow.protocol,
    JSON.stringify(flow.hits.filter((hit) => hit.stage === 'enforced')),
  ]);
}
