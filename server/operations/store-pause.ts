import { AppError } from '../core/errors.ts';
import { formatTime, nanos, type EpochNanos } from '../core/time.ts';
import { createBackoff } from '../lib/backoff.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import { storeFailureOf } from '../store/store-failure.ts';

/** Why nothing is stored at present, and since when. */
export type StorePause = { readonly since: EpochNanos; readonly reason: string };

/**
 * Whether flows are stored. A store that cannot take them now (no space, a disk that fails, a mount that became
 * read-only) is left alone and tried again; what sources tell meanwhile is shown and not stored.
 */
export type StoreGate = Disposable & {
  /** Whether commits are to be left out for now. */
  isClosed(): boolean;
  /** Takes note of a commit that failed; answers false for a failure that is no reason to pause. */
  close(error: unknown): boolean;
  /** Takes note of a commit that went well. */
  open(): void;
  pause(): StorePause | undefined;
};

export type StoreGateOptions = {
  /** Throws an AppError `store-failed` where a commit would fail now. */
  readonly check: () => Promise<void>;
  /** What forbids to write although it would go well, such as too little free space; asked once a second. */
  readonly objection: () => string | undefined;
  /** The database file is damaged: only opening the store again helps. */
  readonly ondamage: (error: unknown) => void;
  /** The store may be there again: sources are to be read again from their checkpoints. */
  readonly onretry: () => void;
  readonly clock: Clock;
  readonly log: Logger;
  readonly retryMs?: { readonly firstMs: number; readonly maxMs: number };
};

const LOOK_EVERY_MS = 1_000;
const RETRY = { firstMs: 1_000, maxMs: 15_000 } as const;

export function createStoreGate(options: StoreGateOptions): StoreGate {
  const { check, objection, onretry, clock, log } = options;
  const backoff = createBackoff(options.retryMs ?? RETRY);
  let current: StorePause | undefined;
  /** Commits are tried again, and none has gone well yet. */
  let isTrying = false;
  let retry: NodeJS.Timeout | undefined;
  let isDisposed = false;

  const begin = (reason: string): void => {
    isTrying = false;
    if (current === undefined) log.error({ reason }, 'nothing is stored until the store is well');
    else if (current.reason !== reason) log.error({ reason }, 'still nothing is stored');
    current = { since: current?.since ?? nanos(clock.now()), reason };
    clearTimeout(retry);
    if (!isDisposed) retry = setTimeout(() => void tryAgain(), backoff.next());
  };
  const tryAgain = async (): Promise<void> => {
    const against = objection();
    const why = against ?? (await failureOf(check));
    if (why !== undefined) {
      begin(why);
      return;
    }
    isTrying = true;
    onretry();
  };
  const look = setInterval(() => {
    const against = current === undefined ? objection() : undefined;
    if (against !== undefined) begin(against);
  }, options.retryMs?.firstMs ?? LOOK_EVERY_MS);
  look.unref();

  return {
    isClosed: () => current !== undefined && !isTrying,
    close(error) {
      const failure = storeFailureOf(error);
      // A lock of another program passes in a moment: then the source is opened again.
      if (failure === undefined || failure === 'busy') return false;
      if (failure === 'damaged') options.ondamage(error);
      begin(reasonOf(error));
      return true;
    },
    open() {
      if (current === undefined || !isTrying) return;
      log.warn({ since: formatTime(current.since) }, 'flows are stored again');
      current = undefined;
      isTrying = false;
      backoff.reset();
    },
    pause: () => current,
    [Symbol.dispose]() {
      isDisposed = true;
      clearTimeout(retry);
      clearInterval(look);
    },
  };
}

async function failureOf(check: () => Promise<void>): Promise<string | undefined> {
  try {
    await check();
    return undefined;
  } catch (error) {
    return reasonOf(error);
  }
}

const reasonOf = (error: unknown): string =>
  error instanceof AppError ? error.detail : `unexpected: ${String(error)}`;
