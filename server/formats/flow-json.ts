import type { DropReason } from '../core/drop-reasons.ts';
import { dropReason } from '../core/drop-reasons.ts';
import type { Endpoint, Flow, Gap, L7, PolicyHit, StoredFlow } from '../core/flow.ts';
import { formatTime, type TimeWindow } from '../core/time.ts';
import type { VerdictKind } from '../core/verdict.ts';

/** A flow as JSON: API, WebSocket, NDJSON and `--output json` all write this shape. */
export type FlowJson = {
  readonly id: string;
  readonly seq: number;
  /** RFC 3339, UTC, nine fractional digits; so are all times. */
  readonly observedAt: string;
  readonly receivedAt: string;
  readonly timeFrom: Flow['timeFrom'];
  readonly window: { readonly from: string; readonly to: string } | null;
  readonly origin: string;
  readonly node: string;
  readonly event: Flow['event'];
  readonly reporter: Flow['reporter'];
  readonly direction: Flow['direction'];
  readonly reply: Flow['reply'];
  readonly verdict: VerdictKind;
  readonly wireVerdict: string;
  /** Dropped flows only. */
  readonly reason: DropReason | null;
  readonly source: EndJson;
  readonly destination: EndJson;
  readonly protocol: string;
  readonly l7: L7 | null;
  readonly hits: readonly PolicyHit[];
  readonly counts: Flow['counts'];
};

export type EndJson = Endpoint & {
  readonly ip: string;
  /** -1 when there is none or it is not recorded. */
  readonly port: number;
  readonly names: readonly string[];
  readonly service: string;
};

export type GapJson = {
  readonly kind: Gap['kind'];
  readonly origin: string;
  readonly node: string;
  readonly from: string;
  readonly to: string;
  /** Decimal text, since sources count in uint64; null when nobody could count. */
  readonly count: string | null;
  readonly reason: string;
};

export const windowToJson = ({ from, to }: TimeWindow): { from: string; to: string } => ({
  from: formatTime(from),
  to: formatTime(to),
});

export function flowToJson(flow: StoredFlow): FlowJson {
  return {
    id: flow.id,
    seq: flow.seq,
    observedAt: formatTime(flow.observedAt),
    receivedAt: formatTime(flow.receivedAt),
    timeFrom: flow.timeFrom,
    window: flow.window === undefined ? null : windowToJson(flow.window),
    origin: flow.origin,
    node: flow.node,
    event: flow.event,
    reporter: flow.reporter,
    direction: flow.direction,
    reply: flow.reply,
    verdict: flow.verdict.kind,
    wireVerdict: flow.wireVerdict,
    reason: flow.verdict.kind === 'dropped' ? dropReason(flow.verdict.reason) : null,
    source: {
      ...flow.source,
      ip: flow.sourceIp,
      port: flow.sourcePort,
      names: flow.sourceNames,
      service: flow.sourceService,
    },
    destination: {
      ...flow.destination,
      ip: flow.destinationIp,
      port: flow.destinationPort,
      names: flow.destinationNames,
      service: flow.destinationService,
    },
    protocol: flow.protocol,
    l7: flow.l7 ?? null,
    hits: flow.hits,
    counts: flow.counts,
  };
}

export function gapToJson(gap: Gap): GapJson {
  return {
    kind: gap.kind,
    origin: gap.origin,
    node: gap.node,
    from: formatTime(gap.from),
    to: formatTime(gap.to),
    count: gap.count === undefined ? null : gap.count.toString(),
    reason: gap.reason,
  };
}
