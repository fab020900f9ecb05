import type { Flow, FlowBatch, Rejection } from '../core/flow.ts';
import type { VerdictKind } from '../core/verdict.ts';
import type { Clock } from '../lib/clock.ts';
import { openImport, type StoredImport } from '../sources/import-file.ts';
import { IMPORT_PREFIX } from '../sources/import-name.ts';
import type { FlowStore } from '../store/flow-store.ts';
import { wholeSpan } from './whole-span.ts';

export type ImportedFile = {
  readonly file: string;
  /** Name under which its flows are stored: that of its first import, when its content is known. */
  readonly source: string;
  /** `known`: all of it was imported before. `empty`: it has no lines. `no-flows`: none of its lines is a flow. */
  readonly outcome: 'imported' | 'known' | 'empty' | 'no-flows';
  /** What its lines are, most frequent first; empty when none could be read. */
  readonly format: string;
  /** Flows that were stored. */
  readonly flows: number;
  /** Flows that an earlier import of the same content stored already. */
  readonly repeated: number;
  readonly byVerdict: Readonly<Record<VerdictKind, number>>;
  readonly gaps: number;
  /** Lines that were read for the first time and are no flows. */
  readonly rejected: readonly Rejection[];
};

export type ImportProgress = (bytesRead: number, bytesTotal: number) => void;

export type ImportFileOptions = {
  readonly file: string;
  readonly clock: Clock;
  readonly progress: ImportProgress;
  readonly signal: AbortSignal;
};

/**
 * Sees to it that the store holds all flows of a file, each once. A file without any leaves nothing in the store.
 * Throws an AppError `unreadable-file` when the file cannot be opened or read to its end.
 */
export async function importFile(
  store: FlowStore,
  { file, clock, progress, signal }: ImportFileOptions,
): Promise<ImportedFile> {
  const reading = await openImport({ path: file, clock, stored: await storedImports(store) });
  const { origin, earlier } = reading;
  const pruned = earlier !== undefined && (await countStored(store, origin)) < earlier.flows;
  const counts = startCounts();
  if (earlier === undefined || pruned || !earlier.complete) {
    const keep = createKeeper(store, { begun: earlier !== undefined });
    for await (const batch of reading.batches(signal, { retell: pruned })) {
      counts.add(batch, await keep(batch));
      progress(reading.bytesRead(), reading.bytesTotal);
    }
  }
  const complete = earlier?.complete === true && !pruned;
  const { flows, byVerdict, gaps } = counts.sums;
  const rejected = [...counts.rejected.values()];
  return {
    file,
    source: origin,
    outcome: outcomeOf({ told: flows + gaps, known: earlier !== undefined, rejected }),
    format: complete ? earlier.format : reading.format(),
    flows,
    repeated: complete ? earlier.flows : counts.sums.repeated + reading.leftOut(),
    byVerdict,
    gaps,
    rejected,
  };
}

function outcomeOf(read: {
  readonly told: number;
  readonly known: boolean;
  readonly rejected: readonly Rejection[];
}): ImportedFile['outcome'] {
  if (read.told > 0) return 'imported';
  if (read.known) return 'known';
  return read.rejected.length > 0 ? 'no-flows' : 'empty';
}

async function storedImports(store: FlowStore): Promise<readonly StoredImport[]> {
  const stored: StoredImport[] = [];
  for (const { origin } of await store.origins()) {
    if (!origin.startsWith(IMPORT_PREFIX)) continue;
    stored.push({ origin, checkpoint: await store.loadCheckpoint(origin) });
  }
  return stored;
}

/** Flows of a source that retention has not deleted. */
async function countStored(store: FlowStore, origin: string): Promise<number> {
  const origins = await store.origins();
  const within = await wholeSpan(store);
  const { rows } = await store.summarize({
    where: undefined,
    within,
    by: ['source'],
    buckets: 1,
    top: origins.length,
  });
  return rows.find(({ keys }) => keys?.[0] === origin)?.records ?? 0;
}

/** Appends batches; before the first that tells something, rejections wait, and answers how many flows were new. */
function createKeeper(
  store: FlowStore,
  { begun }: { readonly begun: boolean },
): (batch: FlowBatch) => Promise<readonly Flow[]> {
  let waits = !begun;
  const waiting = new Map<string, Rejection>();
  return async (batch) => {
    const tells = batch.flows.length + batch.gaps.length > 0;
    if (waits && !tells) {
      addRejections(waiting, batch.rejected);
      return [];
    }
    if (!tells && batch.rejected.length === 0 && batch.checkpoint === undefined) return [];
    waits = false;
    addRejections(waiting, batch.rejected);
    const rejected = [...waiting.values()];
    waiting.clear();
    return (await store.append({ ...batch, rejected })).flows;
  };
}

function startCounts() {
  const byVerdict: Record<VerdictKind, number> = {
    allowed: 0,
    dropped: 0,
    audit: 0,
    error: 0,
    unknown: 0,
  };
  const sums = { flows: 0, repeated: 0, gaps: 0, byVerdict };
  const rejected = new Map<string, Rejection>();
  return {
    sums,
    rejected,
    add: (batch: FlowBatch, stored: readonly Flow[]) => {
      for (const flow of stored) byVerdict[flow.verdict.kind] += 1;
      sums.flows += stored.length;
      sums.repeated += batch.flows.length - stored.length;
      sums.gaps += batch.gaps.length;
      addRejections(rejected, batch.rejected);
    },
  };
}

function addRejections(sums: Map<string, Rejection>, more: readonly Rejection[]): void {
  for (const { reason, count, sample } of more) {
    const before = sums.get(reason);
    sums.set(reason, {
      reason,
      count: (before?.count ?? 0) + count,
      sample: before?.sample ?? sample,
    });
  }
}
