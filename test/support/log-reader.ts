import type { Checkpoint } from '../../server/core/flow.ts';
import { systemClock } from '../../server/lib/clock.ts';
import { tailFiles, type TailedBatch } from '../../server/sources/transport/tail-files.ts';
import { idOf } from './log-world.ts';

/** What was committed: lines and gaps together with the checkpoint, as a store does it. */
export type LogStore = {
  checkpoint: Checkpoint | undefined;
  readonly ids: Set<string>;
  readonly repeated: string[];
  readonly gaps: { readonly from: bigint; readonly to: bigint }[];
};

export const emptyLogStore = (): LogStore => ({
  checkpoint: undefined,
  ids: new Set(),
  repeated: [],
  gaps: [],
});

export type LogReader = {
  /** Takes no batch until it is called again. */
  readonly pause: () => void;
  /** Ends without a commit of what was read last. */
  readonly crash: () => Promise<void>;
  /** Throws what it failed with. */
  readonly check: () => void;
};

/** A reader that goes on from what the store has. */
export function startLogReader(
  store: LogStore,
  options: { readonly path: string; readonly mostOpen: number },
): LogReader {
  const stop = new AbortController();
  let gate: { readonly opened: Promise<undefined>; readonly open: () => void } | undefined;
  let failure: unknown;
  const read = async (): Promise<void> => {
    const batches = tailFiles(
      {
        ...options,
        lineLimit: 1024,
        rotation: { fileBytes: 1000, backups: 5 },
        now: () => systemClock().now(),
        pollMs: 2,
        onState: () => undefined,
      },
      store.checkpoint,
      stop.signal,
    );
    for await (const batch of batches) {
      await gate?.opened;
      if (stop.signal.aborted) return;
      commit(store, batch);
    }
  };
  const ended = read().catch((error: unknown) => (failure = error));
  const pause = (): void => {
    gate?.open();
    if (gate !== undefined) gate = undefined;
    else {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      gate = { opened: promise, open: () => resolve(undefined) };
    }
  };
  return {
    pause,
    crash: async () => {
      stop.abort();
      gate?.open();
      await ended;
    },
    check: () => {
      if (failure !== undefined) throw failure as Error;
    },
  };
}

function commit(store: LogStore, { parts, checkpoint }: TailedBatch): void {
  for (const { lines, lostSince, mayRepeat } of parts) {
    if (lostSince !== undefined) {
      store.gaps.push({ from: lostSince, to: BigInt(Date.now() + 1) * 1_000_000n });
    }
    for (const { bytes } of lines) {
      const id = idOf(bytes.toString('latin1'));
      if (id === undefined) continue;
      if (store.ids.has(id) && !mayRepeat) store.repeated.push(id);
      store.ids.add(id);
    }
  }
  store.checkpoint = checkpoint;
}
