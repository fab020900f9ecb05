import type { StoredFlow } from '../core/flow.ts';
import type { EpochNanos, TimeWindow } from '../core/time.ts';

/** How flows are folded, besides which ones. */
export type ConnectionOptions = {
  readonly within: TimeWindow;
  /** Only flows that were committed after the one of this number. */
  readonly afterSeq?: number;
  /** Equal buckets over `within`, in which a row says when it was seen. */
  readonly buckets: number;
  /** Connections that get a row: those whose newest flow was committed last. */
  readonly limit: number;
  readonly signal?: AbortSignal;
};

/**
 * Flows that policy cannot tell apart: the same two ends, protocol and port of the server, seen at the same side by the
 * dataplane of the same cluster, with the same verdict, the same kind of event and the same hits. Of an end that is no
 * workload its address and names count too; the port of the client and what was said on L7 do not.
 */
export type ConnectionRow = {
  /** The newest of them. A reply has its ends as they were sent: its server is its source. */
  readonly flow: StoredFlow;
  readonly records: number;
  /** Σ `counts.events`. */
  readonly events: number;
  readonly firstAt: EpochNanos;
  readonly lastAt: EpochNanos;
  /**
   * Buckets in which some were observed, in order, and the events of each. An aggregate counts where it was observed as
   * a whole, since an interval is short against the buckets that policies are judged by.
   */
  readonly seenIn: readonly number[];
  readonly eventsIn: readonly number[];
};

export type Connections = {
  /** By their newest flows, newest first. */
  readonly rows: readonly ConnectionRow[];
  /** What has no row, since there were more than `limit`. */
  readonly untold: { readonly records: number; readonly events: number };
  /** Highest sequence number that this answer could see. */
  readonly head: number;
};
