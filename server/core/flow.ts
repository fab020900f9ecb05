import type { EpochNanos, TimeWindow } from './time.ts';
import type { Verdict } from './verdict.ts';

/**
 * Names one record of one source: 32 lower-case hex digits. The same record read again has the same id;
 * two records that happen to say the same need not have different ones (old agents send no uuid).
 */
export type FlowId = string & { readonly __brand: 'FlowId' };

/** Where a source resumes. Only the source that wrote it can read it. */
export type Checkpoint = string & { readonly __brand: 'Checkpoint' };

export type EndpointKind =
  /** A pod, or the workload that its record was aggregated to. */
  | 'workload'
  /** A node, or a process in a node's own network. */
  | 'host'
  /** A Calico network set. */
  | 'networkSet'
  /** Addresses outside the cluster, or that nobody could name. */
  | 'network'
  | 'unknown';

/**
 * Either end of a flow. Interned: thousands of flows share one object, so nothing that changes from packet
 * to packet (address, port, DNS names) stands here. Empty text means that the record does not say.
 */
export type Endpoint = {
  readonly kind: EndpointKind;
  readonly cluster: string;
  readonly namespace: string;
  readonly pod: string;
  /** Owner's name without template hashes (`web`, not `web-5d9f-x2x`); for aggregated records the prefix. */
  readonly workload: string;
  /** `Deployment`, `StatefulSet`, …; empty when the record names a workload without its kind. */
  readonly workloadKind: string;
  /** Name of what is no pod: a network set, a host endpoint, `pub`, `pvt`, `world`, `kube-apiserver`. */
  readonly name: string;
  /** Cilium's numeric security identity; 0 when unknown. Numbers from 2^24 up differ in meaning by node. */
  readonly identity: number;
  /** As recorded, `key=value` with Cilium's source prefix where there is one (`k8s:app=web`, `reserved:world`). */
  readonly labels: readonly string[];
};

export type Direction = 'ingress' | 'egress' | 'unknown';

export type Reporter = 'source' | 'destination' | 'forward' | 'unknown';

/** Which kind of observation a record is. Their counts are never mixed (reference/hubble.md 5.3). */
export type FlowEvent =
  /** The datapath weighed a new connection against policy. */
  | 'policy-verdict'
  /** A packet was dropped. */
  | 'drop'
  /** A packet passed a trace point. */
  | 'trace'
  /** A request or response seen by a proxy. */
  | 'l7'
  /** Socket load balancing translated an address. */
  | 'socket'
  | 'capture'
  /** A line of a Calico flow log, or a flow of Goldmane: all connections of one key in one interval. */
  | 'flow-log'
  | 'unknown';

export type PolicyRef = {
  /** Resource kind as Kubernetes spells it, or the source's own text where it is newer than this program. */
  readonly kind: string;
  /** Empty for what is cluster-wide. */
  readonly namespace: string;
  readonly name: string;
  /** Calico tier; empty elsewhere. */
  readonly tier: string;
};

/** A policy that the dataplane credits with a part in the verdict. */
export type PolicyHit = {
  readonly policy: PolicyRef;
  readonly direction: Direction;
  readonly action: 'allow' | 'deny' | 'pass' | 'unknown';
  /** `pending`: what today's policies, staged ones enforced, would do. `transit`: at a host that forwards. */
  readonly stage: 'enforced' | 'pending' | 'transit';
  /**
   * `rule`: that rule matched. `policy`: the policy did, its rule is not known. `end-of-tier`: no rule of the
   * tier did, and the policy named is only a witness: never a hit of it. `profile`: no policy selects the pod.
   */
  readonly matched: 'rule' | 'policy' | 'end-of-tier' | 'profile';
  /** Position in the dataplane's rule list, from 0; -1 when not known. */
  readonly rule: number;
};

export type FlowCounts = {
  /**
   * Weight of the record wherever traffic is counted (docs/completeness.md): the observations that it stands for. A
   * Hubble event 1, an aggregate the sum of its counters, a Calico line the connections begun in its window, or 1
   * where only older ones moved data. 0: it tells nothing that others do not.
   */
  readonly events: number;
  /** Connections begun in the window; -1 when the source does not count them. The next four likewise. */
  readonly connections: number;
  /** From `source` to `destination`. */
  readonly packetsForward: number;
  readonly packetsReverse: number;
  readonly bytesForward: number;
  readonly bytesReverse: number;
};

/** The L7 part that is searched; everything else that was said is in the raw record. */
export type L7 = {
  /** `http`, `dns`, `kafka`, or the record's own word. */
  readonly protocol: string;
  readonly type: 'request' | 'response' | 'sample' | 'unknown';
  /** HTTP method, DNS query types joined by a comma, or Kafka api key. */
  readonly method: string;
  /** HTTP URL, DNS name without the trailing dot, or Kafka topic. */
  readonly path: string;
  /** HTTP code, or DNS rcode; -1 when there is none. */
  readonly status: number;
};

/** The record as the source gave it, byte for byte. */
export type RawRecord = {
  readonly format:
    | 'hubble-protobuf'
    | 'hubble-json'
    | 'calico-json'
    /** A FlowResult, or a Flow as the emitter writes it. */
    | 'goldmane-protobuf'
    | 'goldmane-json';
  readonly bytes: Uint8Array;
};

/** One observed event, or one aggregate over a `window`. */
export type Flow = {
  readonly id: FlowId;
  /** Name of the `FlowSource` that it came from (`source:` in queries). */
  readonly origin: string;
  readonly observedAt: EpochNanos;
  /** `record`, or `receipt` when the record had no time and that of its receipt stands in. */
  readonly timeFrom: 'record' | 'receipt';
  readonly receivedAt: EpochNanos;
  /** Aggregated records only. */
  readonly window: TimeWindow | undefined;
  /** Reporting node as `cluster/node`, or `node` where the cluster is not told; empty when unknown. */
  readonly node: string;
  readonly event: FlowEvent;
  readonly reporter: Reporter;
  /** Of the connection as the reporting side sees it; on trace events unreliable (reference/hubble.md 5.5). */
  readonly direction: Direction;
  /** `unknown` is not `no`: no drop says whether it was a reply. */
  readonly reply: 'yes' | 'no' | 'unknown';
  /** Sender of the packet. Of an aggregate: the client. */
  readonly source: Endpoint;
  readonly destination: Endpoint;
  /** Text form; empty when aggregated away or not recorded. */
  readonly sourceIp: string;
  readonly destinationIp: string;
  /** -1 when there is none or it is not recorded. */
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** Lower case: `tcp`, `udp`, `icmp`, `icmpv6`, `sctp`, …; a bare number where unnamed; empty when unknown. */
  readonly protocol: string;
  /** DNS names that the reporter knew for the address, without the trailing dot. */
  readonly sourceNames: readonly string[];
  readonly destinationNames: readonly string[];
  /** `namespace/name`; empty when unknown. */
  readonly sourceService: string;
  readonly destinationService: string;
  readonly l7: L7 | undefined;
  readonly verdict: Verdict;
  /** The source's own word, or number where it has none: `FORWARDED`, `15`, `deny`. */
  readonly wireVerdict: string;
  readonly hits: readonly PolicyHit[];
  readonly counts: FlowCounts;
  /** `new`: no flow between its two ends was stored before. Decided by the store (docs/query.md); empty otherwise. */
  readonly pair: 'new' | '';
  readonly raw: RawRecord;
};

/** All that a flow says, without the record that said it. */
export type FlowFields = Omit<Flow, 'raw'>;

/** A flow as committed. Sequence numbers rise by one from 1 and are never used twice. */
export type StoredFlow = FlowFields & { readonly seq: number };

/** A stored flow with the record that it was decoded from. */
export type RecordedFlow = StoredFlow & Pick<Flow, 'raw'>;

/** A span in which flows are missing. `lost` ones were counted by the source; `unwatched` ones nobody saw. */
export type Gap = {
  readonly kind: 'lost' | 'unwatched';
  readonly origin: string;
  /** Empty: the whole source. */
  readonly node: string;
  readonly from: EpochNanos;
  readonly to: EpochNanos;
  /** Events lost; a bigint because sources count in uint64. `undefined` for `unwatched`. */
  readonly count: bigint | undefined;
  /** The source's word (`HUBBLE_RING_BUFFER`) or ours (`relay disconnected`). */
  readonly reason: string;
};

/** Records that could not be decoded, or that are no flows, by reason. */
export type Rejection = {
  readonly reason: string;
  readonly count: number;
  /** Beginning of one such record, at most 200 characters. */
  readonly sample: string;
};

/** What a source hands over at once, and what one commit holds. */
export type FlowBatch = {
  readonly origin: string;
  readonly flows: readonly Flow[];
  readonly gaps: readonly Gap[];
  readonly rejected: readonly Rejection[];
  /** Where to resume once this batch is committed; `undefined` leaves the stored one as it is. */
  readonly checkpoint: Checkpoint | undefined;
  /**
   * True while a resumed stream may tell again what an earlier connection told. Only then does the store
   * look for flows that it has; within one connection equal records are different events.
   */
  readonly mayRepeat: boolean;
  /** Flows with a time of their own before this are not told again, however old. Absent: any may be. */
  readonly repeatsFrom?: EpochNanos;
  /**
   * Earliest receipt of what may be told again, which finds records that carry no time. Absent: an hour before
   * the batch, enough for a stream that resumes.
   */
  readonly toldSince?: EpochNanos;
  /** Called when the batch is committed, for a source whose sender waits to hear that. */
  readonly stored?: () => void;
};
