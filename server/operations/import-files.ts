import type { Rejection } from '../core/flow.ts';
import type { VerdictKind } from '../core/verdict.ts';
import type { Clock } from '../lib/clock.ts';
import { openImport } from '../sources/import-file.ts';
import type { FlowStore } from '../store/flow-store.ts';

export type ImportedFile = {
  readonly file: string;
  /** What its lines are, most frequent first; empty when none could be read. */
  readonly format: string;
  /** Flows that were stored. */
  readonly flows: number;
  /** Flows that an earlier import of the same file stored already. */
  readonly repeated: number;
  readonly byVerdict: Readonly<Record<VerdictKind, number>>;
  readonly gaps: number;
  readonly rejected: readonly Rejection[];
};

export type ImportProgress = (bytesRead: number, bytesTotal: number) => void;

/** Reads one file to its end into the store. Throws an AppError when the file cannot be opened. */
export async function importFile(
  store: FlowStore,
  {
    file,
    clock,
    progress,
    signal,
  }: {
    readonly file: string;
    readonly clock: Clock;
    readonly progress: ImportProgress;
    readonly signal: AbortSignal;
  },
): Promise<ImportedFile> {
  const reading = await openImport({ path: file, clock });
  const byVerdict: Record<VerdictKind, number> = {
    allowed: 0,
    dropped: 0,
    audit: 0,
    error: 0,
    unknown: 0,
  };
  const rejected = new Map<string, Rejection>();
  let [flows, repeated, gaps] = [0, 0, 0];
  for await (const batch of reading.batches(signal)) {
    const stored = await store.append(batch);
    for (const flow of stored) byVerdict[flow.verdict.kind] += 1;
    flows += stored.length;
    repeated += batch.flows.length - stored.length;
    gaps += batch.gaps.length;
    for (const { reason, count, sample } of batch.rejected) {
      const before = rejected.get(reason);
      rejected.set(reason, {
        reason,
        count: (before?.count ?? 0) + count,
        sample: before?.sample ?? sample,
      });
    }
    progress(reading.bytesRead(), reading.bytesTotal);
  }
  return {
    file,
    format: reading.format(),
    flows,
    repeated,
    byVerdict,
    gaps,
    rejected: [...rejected.values()],
  };
}
