import { NANOS_PER_MILLI, nanos } from '../core/time.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import type { FlowStore } from '../store/flow-store.ts';

const EVERY_MS = 10 * 60_000;

/** Deletes flows older than `keepMs`, now and then until disposed. */
export function keepPruned({
  store,
  keepMs,
  clock,
  log,
}: {
  readonly store: FlowStore;
  readonly keepMs: number;
  readonly clock: Clock;
  readonly log: Logger;
}): Disposable {
  const prune = (): void => {
    const before = nanos(clock.now() - BigInt(keepMs) * NANOS_PER_MILLI);
    store.prune(before).then(
      (deleted) => {
        if (deleted > 0) log.info({ deleted }, 'flows past retention deleted');
      },
      (error: unknown) => {
        log.error({ err: error }, 'retention failed');
      },
    );
  };
  const timer = setInterval(prune, EVERY_MS);
  timer.unref();
  return {
    [Symbol.dispose]() {
      clearInterval(timer);
    },
  };
}
