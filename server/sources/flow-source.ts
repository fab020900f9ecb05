import type { Checkpoint, FlowBatch } from '../core/flow.ts';

/** What a source says of itself while it reads; the supervisor adds times and counts. */
export type SourceReport = {
  /** `connecting`: not yet. `reading`: attached, flows may come. `waiting`: attached, nothing there to read. */
  readonly state: 'connecting' | 'reading' | 'waiting';
  /** One sentence for a person, such as which file is missing. */
  readonly detail?: string;
  /** Nodes heard of through a relay. */
  readonly nodes?: { readonly connected: number; readonly unavailable: readonly string[] };
  /** Bytes that lie in files and are not read yet. */
  readonly bytesBehind?: number;
};

export type FlowSource = {
  /** Unique, and stable across restarts: checkpoints and flow ids hang on it. */
  readonly name: string;
  readonly kind: 'hubble-relay' | 'hubble-file' | 'calico-file';
  /** Address or path, for people. */
  readonly target: string;
  /**
   * Reads from `after` (from the source's own beginning when `undefined`) until it fails, ends or `signal`
   * aborts; an abort ends the iteration without an error. Throws an AppError `source-failed` when the source
   * cannot be read now; the supervisor reopens it from the last committed checkpoint. A batch is yielded when
   * it is worth a commit: at most 16,384 flows, at most 200 ms after its first flow.
   */
  read(after: Checkpoint | undefined, signal: AbortSignal): AsyncIterable<FlowBatch>;
};

export type ReportSource = (report: SourceReport) => void;
