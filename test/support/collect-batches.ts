import type { Checkpoint, Flow, FlowBatch, Gap, Rejection } from '../../server/core/flow.ts';
import type { FlowSource } from '../../server/sources/flow-source.ts';

/** A source being read in the background, and what came of it. */
export type Reading = AsyncDisposable & {
  readonly batches: readonly FlowBatch[];
  readonly flows: () => readonly Flow[];
  readonly gaps: () => readonly Gap[];
  readonly rejected: () => readonly Rejection[];
  readonly checkpoint: () => Checkpoint | undefined;
  /** The error with which it ended; `undefined` while it reads or when it ended well. */
  readonly error: () => unknown;
  /** Resolves when the source has ended, whichever way. */
  readonly ended: Promise<void>;
  readonly stop: () => Promise<void>;
};

export function startReading(source: FlowSource, after?: Checkpoint): Reading {
  const controller = new AbortController();
  const batches: FlowBatch[] = [];
  let error: unknown;
  const read = async (): Promise<void> => {
    try {
      for await (const batch of source.read(after, controller.signal)) batches.push(batch);
    } catch (cause) {
      error = cause;
    }
  };
  const ended = read();
  const stop = async (): Promise<void> => {
    controller.abort();
    await ended;
  };
  return {
    batches,
    flows: () => batches.flatMap((batch) => batch.flows),
    gaps: () => batches.flatMap((batch) => batch.gaps),
    rejected: () => batches.flatMap((batch) => batch.rejected),
    checkpoint: () => batches.findLast((batch) => batch.checkpoint !== undefined)?.checkpoint,
    error: () => error,
    ended,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
