import { AppError } from '../core/errors.ts';
import { formatTime, nanosFromSeconds } from '../core/time.ts';
import {
  enumName,
  STATISTICS_SERIES,
  STATISTICS_SERVICE,
  statisticsRequest,
  statisticsResult,
  type StatisticsResult,
} from './goldmane-proto.ts';
import {
  asInteger,
  pickObject,
  pickObjects,
  pickText,
  type LooseObject,
} from './decode/loose-json.ts';
import { isNotFound } from './transport/grpc-failure.ts';
import type { GrpcConnection } from './transport/grpc-stream.ts';
import { WireError } from './wire-reader.ts';

/** Compares what was read with what Goldmane itself counts. */
export type GoldmaneCheck = {
  readonly add: (flow: LooseObject) => void;
  /** The buckets read up to now are whole. */
  readonly settle: () => void;
  /** Asks and compares. Answers with a sentence where they disagree; empty where all is well, or nobody can say. */
  readonly compare: (connection: GrpcConnection, timeoutMs: number) => Promise<string>;
};

/** Packets of a policy in a bucket, in and out of the endpoint that reported, whatever was done with them. */
type Packets = Map<string, number>;

/** Ten minutes: far more than a comparison spans. */
const BUCKETS_KEPT = 40;
const BUCKETS_COMPARED = 20;
const NAMED = 3;
/** Neither is a policy that anybody wrote. */
const NO_POLICIES: ReadonlySet<string> = new Set(['Profile', 'EndOfTier']);

/**
 * Goldmane adds a flow's packets to each policy of both traces, once for each action and place in the trace. It has no
 * count of connections begun, and its counts by rule carry the wrong rule (reference/calico.md 6.8), so packets of whole
 * policies are compared. The first and the last bucket are left out: flows may still reach the one, and the ring may have
 * moved over a part of the other.
 */
export function createGoldmaneCheck(): GoldmaneCheck {
  const buckets = new Map<number, Packets>();
  let whole: readonly number[] = [];
  return {
    add: (flow) => {
      const start = asInteger(flow['start_time']) ?? 0;
      const bucket = buckets.get(start) ?? new Map<string, number>();
      buckets.set(start, bucket);
      addPackets(bucket, flow);
    },
    settle: () => {
      whole = [...buckets.keys()].sort((one, other) => one - other).slice(-BUCKETS_KEPT);
      for (const start of buckets.keys()) if (start < (whole[0] ?? 0)) buckets.delete(start);
    },
    compare: async (connection, timeoutMs) => {
      const span = whole.slice(-BUCKETS_COMPARED);
      const inner = new Set(span.slice(1, -1));
      const [from, to] = [span[0], span.at(-1)];
      if (inner.size === 0 || from === undefined || to === undefined) return '';
      const theirs = await askPackets(connection, { from, to, inner }, timeoutMs);
      if (theirs === undefined) return '';
      const ours: Packets = new Map();
      for (const start of inner) {
        for (const [policy, packets] of buckets.get(start) ?? []) addTo(ours, policy, packets);
      }
      return disagreement(ours, theirs, inner);
    },
  };
}

function addPackets(bucket: Packets, flow: LooseObject): void {
  const policies = pickObject(pickObject(flow, 'Key'), 'policies');
  const packets = (asInteger(flow['packets_in']) ?? 0) + (asInteger(flow['packets_out']) ?? 0);
  const added = new Set<string>();
  for (const trace of ['enforced_policies', 'pending_policies']) {
    for (const hit of pickObjects(policies, trace)) {
      const policy = policyText(hit);
      if (policy === undefined) continue;
      const place = `${policy}|${enumName('Action', hit['action'])}|${asInteger(hit['policy_index']) ?? 0}`;
      if (added.has(place)) continue;
      added.add(place);
      addTo(bucket, policy, packets);
    }
  }
}

const addTo = (counts: Packets, policy: string, packets: number): void =>
  void counts.set(policy, (counts.get(policy) ?? 0) + packets);

function policyText(policy: LooseObject): string | undefined {
  const kind = enumName('PolicyKind', policy['kind']);
  const namespace = pickText(policy, 'namespace');
  if (NO_POLICIES.has(kind)) return undefined;
  const name = `${namespace === '' ? '' : `${namespace}/`}${pickText(policy, 'name')}`;
  return `${kind} ${name} in tier ${pickText(policy, 'tier')}`;
}

type Span = { readonly from: number; readonly to: number; readonly inner: ReadonlySet<number> };

/** `undefined` where Goldmane has none for that time, or does not know the call. */
async function askPackets(
  connection: GrpcConnection,
  { from, to, inner }: Span,
  timeoutMs: number,
): Promise<Packets | undefined> {
  const request = statisticsRequest.encode({
    start_time_gte: String(from),
    start_time_lt: String(to),
    time_series: true,
  });
  const packets: Packets = new Map();
  let fault: WireError | undefined;
  const stream = connection.stream(STATISTICS_SERVICE.List.path, request, (message) => {
    try {
      addResult(packets, statisticsResult.decode(message), inner);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      fault = error;
    }
  });
  const timer = setTimeout(stream.cancel, timeoutMs);
  try {
    await stream.ended;
  } catch (error) {
    // The statistics are an extra: that they cannot be had is no news of the flows.
    if (error instanceof AppError && !isNotFound(error)) return undefined;
    if (!(error instanceof AppError)) throw error;
  } finally {
    clearTimeout(timer);
  }
  return fault === undefined && packets.size > 0 ? packets : undefined;
}

function addResult(packets: Packets, result: StatisticsResult, inner: ReadonlySet<number>): void {
  const policy = result.policy === undefined ? undefined : policyText(result.policy);
  if (policy === undefined) return;
  for (const [at, start] of (result.x ?? []).entries()) {
    if (!inner.has(Number(start))) continue;
    for (const series of STATISTICS_SERIES) {
      addTo(packets, policy, asInteger(result[series]?.[at]) ?? 0);
    }
  }
}

function disagreement(ours: Packets, theirs: Packets, inner: ReadonlySet<number>): string {
  const differing = [...new Set([...ours.keys(), ...theirs.keys()])].filter(
    (policy) => (ours.get(policy) ?? 0) !== (theirs.get(policy) ?? 0),
  );
  if (differing.length === 0) return '';
  const clock = (second: number): string => formatTime(nanosFromSeconds(second)).slice(11, 19);
  const starts = [...inner].sort((one, other) => one - other);
  const named = differing
    .slice(0, NAMED)
    .map((name) => `${name}: ${theirs.get(name) ?? 0} packets there, ${ours.get(name) ?? 0} read`);
  const more = differing.length > NAMED ? `, and ${differing.length - NAMED} more` : '';
  return (
    `Goldmane's own statistics of the buckets from ${clock(starts[0] ?? 0)} to ${clock(starts.at(-1) ?? 0)} UTC ` +
    `disagree with the flows read (${named.join('; ')}${more}): some flows reached Goldmane too late to be streamed, ` +
    'or were skipped'
  );
}
