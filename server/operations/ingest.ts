import { AppError } from '../core/errors.ts';
import type { EpochNanos } from '../core/time.ts';
import { NANOS_PER_MILLI, nanos } from '../core/time.ts';
import { createBackoff } from '../lib/backoff.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import { createRateMeter, type RateMeter } from '../lib/rate.ts';
import type { FlowSource, SourceReport } from '../sources/flow-source.ts';
import type { Committed, FlowStore } from '../store/flow-store.ts';

/** A source that stayed up this long begins its back-off anew. */
const HEALTHY_MS = 30_000;
const RATE_SECONDS = 10;

export type SourceState = SourceReport['state'] | 'retrying' | 'done';

/** What the supervisor knows of a running source; the store knows what was committed. */
export type SourceStatus = {
  readonly name: string;
  readonly kind: FlowSource['kind'];
  readonly target: string;
  readonly state: SourceState;
  readonly stateSince: EpochNanos;
  readonly detail: string;
  readonly retryAt: EpochNanos | undefined;
  readonly lastEventAt: EpochNanos | undefined;
  readonly ratePerSecond: number;
  /** Receipt minus observation of the newest flow. */
  readonly lagMs: number | undefined;
  readonly bytesBehind: number | undefined;
  readonly nodes: SourceReport['nodes'];
};

export type Ingest = AsyncDisposable & {
  /** Opens a source and keeps it open. `create` gets the function through which the source tells its state. */
  add(create: (report: (report: SourceReport) => void) => FlowSource): void;
  statuses(): readonly SourceStatus[];
};

/** What others may ask of whoever runs the sources and writes the store. */
export type Writer = {
  statuses(): readonly SourceStatus[];
  /** Throws an AppError `store-failed` when a commit would fail now. */
  checkWritable(): Promise<void>;
  /** Bytes of the store on disk, write-ahead log included. */
  size(): number;
};

type IngestOptions = {
  readonly store: FlowStore;
  /** Hears of every commit, in order. */
  readonly publish: (committed: Committed) => void;
  readonly clock: Clock;
  readonly log: Logger;
};

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };
type Watched = Mutable<Omit<SourceStatus, 'ratePerSecond'>> & { readonly rate: RateMeter };

/** Runs every source, each on its own: one that fails is opened again later and disturbs no other. */
export function createIngest({ store, publish, clock, log }: IngestOptions): Ingest {
  const stop = new AbortController();
  const watched: Watched[] = [];
  const running: Promise<void>[] = [];
  const now = (): EpochNanos => nanos(clock.now());
  const aborted = (): boolean => stop.signal.aborted;

  const enter = (status: Watched, state: SourceState, detail: string): void => {
    if (status.state !== state) status.stateSince = now();
    status.state = state;
    status.detail = detail;
    if (state !== 'retrying') status.retryAt = undefined;
  };

  const failures = new Map<string, string>();
  /** A line when a failure begins, none while the same one goes on; a stack only of what we did not expect. */
  const noteFailure = (name: string, error: unknown, reason: string): void => {
    const isNew = failures.get(name) !== reason;
    failures.set(name, reason);
    if (!(error instanceof AppError)) log.error({ source: name, err: error }, 'source failed');
    else if (isNew) log.warn({ source: name, reason }, 'source failed');
  };

  /** Store first, then live: a viewer never sees a flow that a reload would not find. */
  const drain = async (source: FlowSource, status: Watched): Promise<void> => {
    const after = await store.loadCheckpoint(source.name);
    for await (const batch of source.read(after, stop.signal)) {
      const committed = await store.append(batch);
      failures.delete(source.name);
      publish(committed);
      status.rate.add(committed.flows.length);
      const newest = committed.flows.at(-1);
      if (newest === undefined) continue;
      status.lastEventAt = newest.observedAt;
      status.lagMs = Number((newest.receivedAt - newest.observedAt) / NANOS_PER_MILLI);
    }
  };

  const supervise = async (source: FlowSource, status: Watched): Promise<void> => {
    const backoff = createBackoff({ firstMs: 1_000, maxMs: 30_000 });
    while (!aborted()) {
      const openedAt = now();
      let reason: string;
      try {
        await drain(source, status);
        if (aborted()) break;
        reason = 'the source ended its stream';
        log.info({ source: source.name }, 'source ended');
      } catch (error) {
        // Whatever a source throws, the others go on.
        reason = error instanceof AppError ? error.detail : `unexpected: ${String(error)}`;
        noteFailure(source.name, error, reason);
      }
      if (Number((now() - openedAt) / NANOS_PER_MILLI) > HEALTHY_MS) backoff.reset();
      const waitMs = backoff.next();
      enter(status, 'retrying', reason);
      status.retryAt = nanos(now() + BigInt(waitMs) * NANOS_PER_MILLI);
      await pause(waitMs, stop.signal);
    }
    enter(status, 'done', 'stopped');
  };

  return {
    add(create) {
      const source = create(({ state, detail = '', nodes, bytesBehind }) => {
        enter(status, state, detail);
        status.nodes = nodes ?? status.nodes;
        status.bytesBehind = bytesBehind ?? status.bytesBehind;
      });
      const status: Watched = {
        name: source.name,
        kind: source.kind,
        target: source.target,
        state: 'connecting',
        stateSince: now(),
        detail: '',
        retryAt: undefined,
        lastEventAt: undefined,
        lagMs: undefined,
        bytesBehind: undefined,
        nodes: undefined,
        rate: createRateMeter(RATE_SECONDS, () => Number(clock.now() / NANOS_PER_MILLI)),
      };
      watched.push(status);
      running.push(supervise(source, status));
    },
    statuses: () =>
      watched.map(({ rate, ...status }) => ({ ...status, ratePerSecond: rate.perSecond() })),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await Promise.all(running);
    },
  };
}

/** Resolves after the wait, or at once when the signal aborts. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
  });
}
