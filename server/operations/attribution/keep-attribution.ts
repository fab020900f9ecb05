import { nanos, NANOS_PER_MILLI, type EpochNanos } from '../../core/time.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/log.ts';
import { wait } from '../../lib/wait.ts';
import type { EvaluatedHits, EvaluationMark } from '../../store/control/evaluated-hits.ts';
import type { AttributionAnswer, AttributionQuestion } from './attribute.ts';

type AttributionOptions = {
  /** Weighs a stretch of flows; elsewhere, since it takes seconds. */
  readonly weigh: (
    question: AttributionQuestion,
    signal: AbortSignal,
  ) => Promise<AttributionAnswer>;
  readonly hits: EvaluatedHits;
  /** Sequence number of the newest committed flow. */
  readonly head: () => number;
  /** How long counts are kept. */
  readonly keepMs: number;
  readonly clock: Clock;
  readonly log: Logger;
};

type AttributionProgress = {
  /** All that was committed until then is weighed; `undefined` while nothing is. */
  readonly until: EpochNanos | undefined;
  /** Flows that wait. */
  readonly behind: number;
};

export type Attribution = {
  /** Weighs what was committed since the last time, and prunes; resolves when nothing waits, or something fails. */
  step(signal: AbortSignal): Promise<void>;
  progress(): AttributionProgress;
};

const EVERY_MS = 30_000;
/** Whoever looks at a new server's policies waits for it; before, its sources begin. */
const FIRST_MS = 3_000;
/** Flows of one question: a few seconds of work, in which its process answers nobody else. */
const MAX_FLOWS = 100_000;
const MIN_FLOWS = 1_000;
/** While it is behind it rests so many times as long as it worked: ingest and those who ask come first. */
const REST = 3;
/** Where nothing was weighed yet, of all that is stored the newest: minutes of work. */
const FIRST_FLOWS = 1_000_000;

/**
 * Follows the commits of the store. The mark moves with the counts, in one transaction, so that whatever ends in
 * between, each flow is counted once; and it goes by the order of commits, so that what comes late is counted too, in
 * the minute in which it was seen.
 */
export function createAttribution(options: AttributionOptions): Attribution {
  const { weigh, hits, head, clock, log } = options;
  let mark: EvaluationMark | undefined;
  let most = MAX_FLOWS;
  let isFailing = false;

  const now = (): EpochNanos => nanos(clock.now());
  const markAt = (newest: number): EvaluationMark => {
    const held = hits.mark();
    if (held !== undefined && held.seq <= newest) return held;
    const begun = held === undefined ? firstMark(newest) : { ...held, seq: newest, since: now() };
    if (held !== undefined)
      log.warn(
        { evaluated: held.seq, newest },
        'the store has fewer flows than were evaluated: hits are evaluated of those that come from now on',
      );
    hits.begin(begun);
    return begun;
  };
  const firstMark = (newest: number): EvaluationMark => {
    const seq = Math.max(0, newest - FIRST_FLOWS);
    return { seq, since: seq === 0 ? nanos(0n) : now(), until: nanos(0n), verdictsOf: [] };
  };
  const weighOne = async (
    from: EvaluationMark,
    to: { readonly head: number; readonly at: EpochNanos },
    signal: AbortSignal,
  ): Promise<EvaluationMark> => {
    const question = {
      ...{ after: from.seq, upTo: Math.min(to.head, from.seq + most) },
      ...{ verdictsOf: from.verdictsOf, now: to.at },
    };
    const { upTo, cells, verdictsOf } = await weigh(question, signal);
    // Until it has caught up, nothing says up to when all is weighed.
    const until = upTo === to.head ? to.at : from.until;
    const next = { seq: upTo, since: from.since, until, verdictsOf };
    if (!hits.add({ after: from.seq, cells, mark: next })) throw new Error('the mark has moved');
    return next;
  };

  return {
    async step(signal) {
      try {
        // Flows that are committed while it works are those of the next time.
        const to = { head: head(), at: now() };
        // Nothing is stored, or nobody has said yet what is.
        if (to.head === 0) return;
        mark = markAt(to.head);
        while (mark.seq < to.head && !signal.aborted) {
          const begun = performance.now();
          mark = await weighOne(mark, to, signal);
          most = Math.min(MAX_FLOWS, most * 2);
          if (mark.seq < to.head) await wait((performance.now() - begun) * REST, signal);
        }
        if (mark.until < to.at && !signal.aborted) hits.begin((mark = { ...mark, until: to.at }));
        const before = nanos(to.at - BigInt(options.keepMs) * NANOS_PER_MILLI);
        while (hits.prune(before) > 0) await new Promise(setImmediate);
        isFailing = false;
      } catch (error) {
        if (signal.aborted) return;
        if (!isFailing)
          log.warn({ err: error }, 'hits were not evaluated; they will be tried again');
        isFailing = true;
        // Where a question took too long, a shorter one may not.
        most = Math.max(MIN_FLOWS, Math.floor(most / 4));
      }
    },
    progress: () => ({
      until: mark === undefined || mark.until === 0n ? undefined : mark.until,
      behind: mark === undefined ? 0 : Math.max(0, head() - mark.seq),
    }),
  };
}

/** Steps now and then, until disposed. */
export function keepAttribution(
  options: AttributionOptions,
): Pick<Attribution, 'progress'> & AsyncDisposable {
  const { step, progress } = createAttribution(options);
  const stop = new AbortController();
  let running: Promise<void> | undefined;
  const run = (): void => {
    running ??= step(stop.signal).finally(() => (running = undefined));
  };
  const first = setTimeout(run, FIRST_MS);
  const timer = setInterval(run, EVERY_MS);
  first.unref();
  timer.unref();
  return {
    progress,
    async [Symbol.asyncDispose]() {
      clearTimeout(first);
      clearInterval(timer);
      stop.abort();
      await running;
    },
  };
}
