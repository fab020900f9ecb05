import { NANOS_PER_MILLI, nanos, type EpochNanos } from '../core/time.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import { createSteadyTime, type SteadyTime } from '../lib/steady-time.ts';
import type { FlowStore, Retention } from '../store/flow-store.ts';

/** Often enough that a busy store does not grow far beyond its limit. */
const EVERY_MS = 60_000;

/** How long each class is kept, in milliseconds from receipt, and how large the store may be. */
export type KeepSettings = {
  readonly flowsMs: number;
  /** At least as long as `flowsMs`, whatever it says. */
  readonly dropsMs: number;
  readonly countsMs: number;
  readonly maxBytes: number | undefined;
};

/** What is to be deleted at a time. */
export function retentionAt(now: bigint, keep: KeepSettings): Retention {
  const before = (ms: number): EpochNanos => nanos(now - BigInt(ms) * NANOS_PER_MILLI);
  return {
    flowsBefore: before(keep.flowsMs),
    dropsBefore: before(Math.max(keep.flowsMs, keep.dropsMs)),
    countsBefore: before(keep.countsMs),
    ...(keep.maxBytes === undefined ? {} : { maxBytes: keep.maxBytes }),
  };
}

/** By the clock of this machine at that time. */
async function lastCommitAt(store: Pick<FlowStore, 'origins'>): Promise<bigint | undefined> {
  const times = (await store.origins()).flatMap(({ checkpointAt }) => checkpointAt ?? []);
  return times.length === 0 ? undefined : times.reduce((one, other) => (one > other ? one : other));
}

/** Deletes what is past retention, now and then until disposed. */
export function keepPruned({
  store,
  keep,
  clock,
  log,
}: {
  readonly store: Pick<FlowStore, 'prune' | 'origins'>;
  readonly keep: KeepSettings;
  readonly clock: Clock;
  readonly log: Logger;
}): Disposable {
  let busy = false;
  let steady: SteadyTime | undefined;
  const retention = async (): Promise<Retention> => {
    steady ??= createSteadyTime({
      wall: clock.now,
      ticks: process.hrtime.bigint,
      lastKnown: await lastCommitAt(store),
    });
    return retentionAt(steady.now(), keep);
  };
  const prune = (): void => {
    // The first time after a migration takes long.
    if (busy) return;
    busy = true;
    retention()
      .then(store.prune)
      .then(
        (deleted) => {
          if (deleted > 0) log.info({ deleted }, 'flows past retention deleted');
        },
        (error: unknown) => {
          log.error({ err: error }, 'retention failed');
        },
      )
      .finally(() => (busy = false));
  };
  const timer = setInterval(prune, EVERY_MS);
  timer.unref();
  return {
    [Symbol.dispose]() {
      clearInterval(timer);
    },
  };
}
