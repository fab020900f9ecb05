import type { FlowBatch } from '../core/flow.ts';
import type { VerdictKind } from '../core/verdict.ts';
import type { Committed } from '../store/flow-store.ts';

/** What a source committed since this process began; the store has the totals of all time. */
export type SourceCounts = {
  readonly flows: Readonly<Record<VerdictKind, number>>;
  /** Events that the source says it lost. */
  readonly lost: number;
  /** Records that were not decoded, by reason; at most 33 reasons. */
  readonly rejected: readonly (readonly [reason: string, count: number])[];
};

export type SourceCounter = {
  add(batch: FlowBatch, committed: Committed): void;
  counts(): SourceCounts;
};

/** Reasons are few, but some hold a word of the record. What is new beyond these counts as `other`. */
const MAX_REASONS = 32;
const OTHER_REASON = 'other';

export function createSourceCounter(): SourceCounter {
  const flows: Record<VerdictKind, number> = {
    allowed: 0,
    dropped: 0,
    audit: 0,
    error: 0,
    unknown: 0,
  };
  const rejected = new Map<string, number>();
  let lost = 0;

  return {
    add(batch, committed) {
      for (const { verdict } of committed.flows) flows[verdict.kind] += 1;
      for (const { kind, count } of committed.gaps) {
        if (kind === 'lost') lost += Number(count ?? 0n);
      }
      for (const { reason, count } of batch.rejected) {
        const known = rejected.has(reason) || rejected.size < MAX_REASONS;
        const key = known ? reason : OTHER_REASON;
        rejected.set(key, (rejected.get(key) ?? 0) + count);
      }
    },
    counts: () => ({ flows: { ...flows }, lost, rejected: [...rejected] }),
  };
}
