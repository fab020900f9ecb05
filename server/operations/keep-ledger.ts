import { nanos, type EpochNanos } from '../core/time.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import type { FlowStore, WatchNote } from '../store/flow-store.ts';
import type { SourceStatus } from './ingest.ts';

/** A third of what `LEDGER_LAG` forgives. */
const EVERY_MS = 5_000;

type KeepLedgerOptions = {
  readonly store: Pick<FlowStore, 'noteWatched'>;
  readonly statuses: () => readonly SourceStatus[];
  readonly clock: Clock;
  readonly log: Logger;
  readonly everyMs?: number;
};

/**
 * Writes down every few seconds which sources are read, until disposed, and once more then. A crash leaves what was
 * written last, so time in which nothing ran is never taken for watched.
 */
export function keepLedger({
  store,
  statuses,
  clock,
  log,
  everyMs = EVERY_MS,
}: KeepLedgerOptions): AsyncDisposable {
  let failing = false;
  const note = async (): Promise<void> => {
    const at = nanos(clock.now());
    try {
      await store.noteWatched(statuses().map((status) => noteOf(status, at)));
      failing = false;
    } catch (error) {
      // Ingest meets the same disk and says so; what is not written here counts as not watched.
      if (!failing) log.warn({ err: error }, 'the completeness ledger was not written');
      failing = true;
    }
  };
  let writing = note();
  const timer = setInterval(() => {
    writing = writing.then(note);
  }, everyMs);
  timer.unref();
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await writing.then(note);
    },
  };
}

/** What a status says of a moment. Only a source that is attached is watched. */
function noteOf(status: SourceStatus, at: EpochNanos): WatchNote {
  const { name, state, stateSince, skew, resumed, bytesBehind = 0, lastEventAt } = status;
  // Unread bytes hold what happened since the last line that was read.
  const until = bytesBehind > 0 ? lastEventAt : at;
  const isRead = state === 'reading' && until !== undefined;
  return {
    origin: name,
    at,
    skew,
    reading: isRead
      ? { since: stateSince, until: until < at ? until : at, resumes: resumed }
      : undefined,
  };
}
