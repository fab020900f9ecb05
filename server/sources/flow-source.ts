import type { Checkpoint, FlowBatch } from '../core/flow.ts';
import type { SourceSetting } from '../core/source-setting.ts';
import type { EpochNanos } from '../core/time.ts';

export type SourceKind = SourceSetting['kind'];

/** A node whose clock disagrees with ours by more than five seconds, or whose flows are held up for as long. */
export type ClockSkew = {
  readonly node: string;
  /** Positive: observed later than received. Negative: always received so much later than observed. */
  readonly ms: number;
};

/** What a source says of itself while it reads; the supervisor adds times and counts. */
export type SourceReport = {
  /** `connecting`: not yet. `reading`: attached, flows may come. `waiting`: attached, nothing there to read. */
  readonly state: 'connecting' | 'reading' | 'waiting';
  /** One sentence for a person, such as which file is missing. */
  readonly detail?: string;
  /** Nodes heard of through a relay. */
  readonly nodes?: { readonly connected: number; readonly unavailable: readonly string[] };
  /** The node that is furthest off; absent when all clocks agree. */
  readonly skew?: ClockSkew;
  /** End of validity of the client certificate that the connection was made with. */
  readonly certificateExpiresAt?: EpochNanos;
  /** Bytes that lie in files and are not read yet. */
  readonly bytesBehind?: number;
  /** Milliseconds until some of these are rotated away, if all goes on as it does; absent when reading keeps up. */
  readonly rotationLossMs?: number;
};

export type FlowSource = {
  /** Unique, and stable across restarts: checkpoints and flow ids hang on it. */
  readonly name: string;
  readonly kind: SourceKind;
  /** Address or path, for people. */
  readonly target: string;
  /**
   * Reads from `after` (from the source's own beginning when `undefined`) until it fails, ends or `signal`
   * aborts; an abort ends the iteration without an error. Throws an AppError `source-failed` when the source
   * cannot be read now; the supervisor reopens it from the last committed checkpoint. A batch is yielded when
   * it is worth a commit: at most 16,384 flows, at most 200 ms after its first
   * flow (later where the checkpoint names thousands of files).
   */
  read(after: Checkpoint | undefined, signal: AbortSignal): AsyncIterable<FlowBatch>;
};

export type ReportSource = (report: SourceReport) => void;
