import { Worker } from 'node:worker_threads';
import { kindName, type InventorySink, type InventorySource } from '../core/inventory.ts';
import { NANOS_PER_MILLI, nanos } from '../core/time.ts';
import type { Clock } from '../lib/clock.ts';
import { wait } from '../lib/wait.ts';
import { createBudget } from './archive.ts';
import { KINDS } from './kinds.ts';
import type { ManifestAnswer } from './manifest-reader.ts';
import { signatureOf } from './manifest-texts.ts';
import type { ManifestReading, ReadManifestsTask } from './read-manifests.ts';

export type ManifestFilesOptions = ReadManifestsTask & {
  readonly name: string;
  readonly clock: Clock;
  /** Between two looks for changes. Default ten seconds. */
  readonly everyMs?: number;
  /** How long files must have been still before they are read, since a checkout writes them one by one. Default one second. */
  readonly settleMs?: number;
  /** After which a reading is given up. Default two minutes. */
  readonly timeoutMs?: number;
};

/** Reads a directory, a file or an archive, and again whenever it changes. */
export function manifestFiles(options: ManifestFilesOptions): InventorySource {
  const { name, path, cluster } = options;
  return {
    ...{ name, kind: 'manifests', cluster, target: path, how: 'read' },
    run: (sink, signal) => followFiles(options, sink, signal),
  };
}

async function followFiles(
  options: ManifestFilesOptions,
  sink: InventorySink,
  signal: AbortSignal,
): Promise<void> {
  const { path, clock, everyMs = 10_000, settleMs = 1_000, timeoutMs = 120_000 } = options;
  let known: string | undefined;
  for (;;) {
    const signature = await settled(path, known, settleMs, signal);
    if (signal.aborted) return;
    if (typeof signature !== 'string') tellFailure(options, sink, signature.failure, everyMs);
    else if (signature !== known) {
      const at = nanos(clock.now());
      const answer = await readInThread(options, timeoutMs, signal);
      if (answer === undefined) return;
      if (answer.ok) tell(sink, answer.reading, at);
      else tellFailure(options, sink, answer.reason, everyMs);
      // What was refused is read again when it changes, and not before.
      known = signature;
    }
    if (typeof signature !== 'string') known = undefined;
    await wait(everyMs, signal);
  }
}

type Unreadable = { readonly failure: string };

/** Looks until two looks agree; at the first start one is enough. */
async function settled(
  path: string,
  known: string | undefined,
  settleMs: number,
  signal: AbortSignal,
): Promise<string | Unreadable> {
  let before = known;
  for (;;) {
    const signature = await look(path);
    if (before === undefined || typeof signature !== 'string' || signature === before)
      return signature;
    before = signature;
    await wait(settleMs, signal);
    if (signal.aborted) return signature;
  }
}

async function look(path: string): Promise<string | Unreadable> {
  try {
    return await signatureOf(path, createBudget());
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) };
  }
}

/** `undefined` when the signal aborts first. */
async function readInThread(
  { path, cluster }: ReadManifestsTask,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<ManifestAnswer | undefined> {
  const worker = new Worker(new URL('./manifest-reader.ts', import.meta.url), {
    workerData: { path, cluster },
    resourceLimits: { maxOldGenerationSizeMb: 2_048 },
  });
  const { promise, resolve } = Promise.withResolvers<ManifestAnswer | undefined>();
  const fail = (reason: string): void => resolve({ ok: false, reason });
  worker.on('message', (answer: ManifestAnswer) => resolve(answer));
  worker.on('error', (error) => fail(`reading it failed: ${String(error)}`));
  worker.on('exit', () => fail('reading it ended without an answer'));
  const timer = setTimeout(
    () => fail(`reading it takes longer than ${timeoutMs / 1000} s`),
    timeoutMs,
  );
  const stop = (): void => resolve(undefined);
  signal.addEventListener('abort', stop);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
    await worker.terminate();
  }
}

function tell(
  sink: InventorySink,
  { objects, invalid, ignored }: ManifestReading,
  at: Parameters<InventorySink['listed']>[2],
): void {
  const byKind = Map.groupBy(objects, ({ key }) => kindName(key));
  for (const row of KINDS) {
    const kind = kindName(row);
    const listed = byKind.get(kind);
    if (listed === undefined) sink.absent(kind, at);
    else sink.listed(kind, listed, at);
  }
  sink.news({ state: 'reading', detail: '', retryAt: undefined, invalid, ignored });
}

/** What is known stays: a path that cannot be read does not say that its objects are gone. */
function tellFailure(
  { path, clock }: ManifestFilesOptions,
  sink: InventorySink,
  reason: string,
  everyMs: number,
): void {
  for (const row of KINDS) sink.lost(kindName(row));
  const retryAt = nanos(clock.now() + BigInt(everyMs) * NANOS_PER_MILLI);
  sink.news({ state: 'retrying', detail: `${path} cannot be read: ${reason}`, retryAt });
}
