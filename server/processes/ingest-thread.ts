import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { CommittedBlock } from '../columns/block.ts';
import type { SourceStatus, Writer } from '../operations/ingest.ts';
import type { StorePause } from '../operations/store-pause.ts';
import type { FromIngest, IngestTask, ToIngest } from './ingest-protocol.ts';
import type { StoreStatus } from '../store/flow-store.ts';
import { storeBytes } from '../store/sqlite/database.ts';
import { receiveError } from './sent-error.ts';

export type IngestThreadOptions = IngestTask & {
  /** Hears of every commit, in order; first of the newest flow that was there before. */
  readonly publish: (commit: Omit<Extract<FromIngest, { kind: 'committed' }>, 'kind'>) => void;
  /** The thread died, which nobody expects. Flows that were not committed are read again at the next start. */
  readonly onfailure: (error: unknown) => void;
};

export type IngestThread = AsyncDisposable & Writer;

/**
 * Starts the thread that owns the store. Throws the AppErrors of opening a store. Disposing stops intake, commits
 * what was read and closes the store.
 */
export async function startIngestThread({
  publish,
  onfailure,
  ...task
}: IngestThreadOptions): Promise<IngestThread> {
  const worker = new Worker(new URL('./ingest-worker.ts', import.meta.url), {
    workerData: task,
    // Left alone it grows to 128 MiB and more, and nothing is the faster for it.
    resourceLimits: { maxYoungGenerationSizeMb: 48 },
  });
  const send = (message: ToIngest): void => worker.postMessage(message);
  const exited = once(worker, 'exit');
  const checks = new Map<number, PromiseWithResolvers<undefined>>();
  let statuses: readonly SourceStatus[] = [];
  let store: StoreStatus = {
    head: 0,
    blocks: 0,
    oldestAt: undefined,
    quarantined: undefined,
    walBytes: 0,
    checkpointedAt: undefined,
  };
  let pause: StorePause | undefined;
  let checked = 0;
  const ready = Promise.withResolvers<undefined>();
  let running = false;

  const die = (error: unknown): void => {
    ready.reject(error);
    for (const { reject } of checks.values()) reject(error);
    checks.clear();
    if (running) onfailure(error);
    running = false;
  };
  const answer = ({ id, error }: Extract<FromIngest, { kind: 'checked' }>): void => {
    const check = checks.get(id);
    checks.delete(id);
    if (error === undefined) check?.resolve(undefined);
    else check?.reject(receiveError(error));
  };
  worker.on('message', (message: FromIngest) => {
    switch (message.kind) {
      case 'ready':
        publish({ head: message.head, blocks: [], gaps: [], untold: 0 });
        ready.resolve(undefined);
        break;
      case 'refused':
        die(receiveError(message.error));
        break;
      case 'committed':
        publish(message);
        send({ kind: 'taken', bytes: bytesOf(message.blocks) });
        break;
      case 'statuses':
        ({ statuses, store, pause } = message);
        break;
      case 'checked':
        answer(message);
        break;
    }
  });
  worker.on('error', die);
  worker.on('exit', () => die(new Error('the ingest thread ended')));

  await ready.promise;
  running = true;
  return {
    statuses: () => statuses,
    storeStatus: () => store,
    storePause: () => pause,
    size: () => storeBytes(task.directory),
    async checkWritable() {
      const check = Promise.withResolvers<undefined>();
      checks.set((checked += 1), check);
      send({ kind: 'check', id: checked });
      await check.promise;
    },
    async [Symbol.asyncDispose]() {
      running = false;
      send({ kind: 'stop' });
      await exited;
    },
  };
}

const bytesOf = (blocks: readonly CommittedBlock[]): number =>
  blocks.reduce((sum, { columns }) => sum + columns.byteLength, 0);
