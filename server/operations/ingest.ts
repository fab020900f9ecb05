import { AppError } from '../core/errors.ts';
import type { FlowBatch } from '../core/flow.ts';
import type { EpochNanos } from '../core/time.ts';
import { NANOS_PER_MILLI, nanos } from '../core/time.ts';
import { createBackoff } from '../lib/backoff.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import { createRateMeter, type RateMeter } from '../lib/rate.ts';
import { wait } from '../lib/wait.ts';
import type { FlowSource, SourceReport } from '../sources/flow-source.ts';
import type { Committed, FlowStore, StoreStatus } from '../store/flow-store.ts';
import { createHeldLosses } from './held-losses.ts';
import { createStoreGate, type StoreGateOptions, type StorePause } from './store-pause.ts';
import { createSourceCounter, type SourceCounter, type SourceCounts } from './source-counts.ts';

/** A source that stayed up this long begins its back-off anew. */
const HEALTHY_MS = 30_000;
const RATE_SECONDS = 10;

/** `refused`: tried again like `retrying`, but it is our request that the source does not want. */
export type SourceState = SourceReport['state'] | 'retrying' | 'refused' | 'done';

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
  readonly rotationLossMs: number | undefined;
  readonly nodes: SourceReport['nodes'];
  readonly skew: SourceReport['skew'];
  readonly certificateExpiresAt: EpochNanos | undefined;
  /** Opened from a checkpoint: what it missed before is read, or told as a gap. */
  readonly resumed: boolean;
  readonly counts: SourceCounts;
};

export type Ingest = AsyncDisposable & {
  /** Opens a source and keeps it open. `create` gets the function through which the source tells its state. */
  add(create: (report: (report: SourceReport) => void) => FlowSource): void;
  statuses(): readonly SourceStatus[];
  /** Why nothing is stored at present; `undefined` while all is well. */
  pause(): StorePause | undefined;
  /** Throws an AppError `store-failed` when a commit would fail now, or nothing is stored. */
  checkStoring(): Promise<void>;
};

/** What others may ask of whoever runs the sources and writes the store. */
export type Writer = {
  statuses(): readonly SourceStatus[];
  /** As of the last word of the writer, at most a quarter of a second ago. */
  storeStatus(): StoreStatus;
  /** Why nothing is stored at present; `undefined` while all is well. */
  storePause(): StorePause | undefined;
  /** Throws an AppError `store-failed` when a commit would fail now. */
  checkWritable(): Promise<void>;
  /** Bytes of the store on disk, write-ahead log included. */
  size(): number;
};

type IngestOptions = {
  readonly store: FlowStore;
  /** Hears of every commit, in order. */
  readonly publish: (committed: Committed) => void;
  /** Hears of flows that cannot be stored now. Most are told again, and then committed, when they can. */
  readonly publishUnstored?: (batch: FlowBatch) => void;
  readonly clock: Clock;
  readonly log: Logger;
} & Partial<Pick<StoreGateOptions, 'objection' | 'ondamage' | 'retryMs'>>;

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };
type Watched = Mutable<Omit<SourceStatus, 'ratePerSecond' | 'counts'>> & {
  readonly rate: RateMeter;
  readonly counter: SourceCounter;
};

/** Runs every source, each on its own: one that fails is opened again later and disturbs no other. */
export function createIngest(options: IngestOptions): Ingest {
  const { store, publish, publishUnstored = () => undefined, clock, log } = options;
  const stop = new AbortController();
  /** Ends all readings, so that sources are read again from their checkpoints. */
  let again = new AbortController();
  const gate = createStoreGate({
    objection: () => undefined,
    ondamage: () => undefined,
    ...options,
    check: store.checkWritable,
    onretry: () => {
      again.abort();
      again = new AbortController();
    },
  });
  const watched: Watched[] = [];
  const running: Promise<void>[] = [];
  const now = (): EpochNanos => nanos(clock.now());
  const aborted = (): boolean => stop.signal.aborted;

  const enter = (status: Watched, state: SourceState, detail: string): void => {
    if (status.state !== state) status.stateSince = now();
    status.state = state;
    status.detail = detail;
    if (state !== 'retrying' && state !== 'refused') status.retryAt = undefined;
  };

  const failures = new Map<string, string>();
  /** A line when a failure begins, none while the same one goes on; a stack only of what we did not expect. */
  const noteFailure = (name: string, error: unknown, reason: string): void => {
    const isNew = failures.get(name) !== reason;
    failures.set(name, reason);
    if (!(error instanceof AppError)) log.error({ source: name, err: error }, 'source failed');
    else if (isNew) log.warn({ source: name, reason }, 'source failed');
  };

  const held = createHeldLosses();
  /** `undefined` when the store cannot take it now. */
  const commit = async (source: FlowSource, batch: FlowBatch): Promise<Committed | undefined> => {
    if (gate.isClosed()) {
      held.hold(source, batch);
      return undefined;
    }
    try {
      const committed = await store.append(held.with(batch));
      held.forget(batch.origin);
      gate.open();
      return committed;
    } catch (error) {
      held.hold(source, batch);
      if (gate.close(error)) return undefined;
      throw error;
    }
  };

  /** Store first, then live: a viewer never sees a flow that a reload would not find, unless told so. */
  const drain = async (source: FlowSource, status: Watched): Promise<void> => {
    const reading = again.signal;
    const after = await store.loadCheckpoint(source.name);
    status.resumed = after !== undefined;
    for await (const batch of source.read(after, AbortSignal.any([stop.signal, reading]))) {
      // What was told before the store came back is told again, from the checkpoint on.
      if (reading.aborted) {
        held.hold(source, batch);
        return;
      }
      const committed = await commit(source, batch);
      if (committed === undefined) {
        publishUnstored(batch);
        continue;
      }
      failures.delete(source.name);
      batch.stored?.();
      publish(committed);
      status.rate.add(committed.flows.length);
      status.counter.add(batch, committed);
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
      let isRefused = false;
      try {
        const reading = again.signal;
        await drain(source, status);
        if (aborted()) break;
        if (reading.aborted) continue;
        reason = 'the source ended its stream';
        log.info({ source: source.name }, 'source ended');
      } catch (error) {
        // Whatever a source throws, the others go on.
        reason = error instanceof AppError ? error.detail : `unexpected: ${String(error)}`;
        isRefused = error instanceof AppError && error.code === 'source-refused';
        noteFailure(source.name, error, reason);
      }
      if (Number((now() - openedAt) / NANOS_PER_MILLI) > HEALTHY_MS) backoff.reset();
      const waitMs = backoff.next();
      enter(status, isRefused ? 'refused' : 'retrying', reason);
      status.retryAt = nanos(now() + BigInt(waitMs) * NANOS_PER_MILLI);
      await wait(waitMs, stop.signal);
    }
    enter(status, 'done', 'stopped');
  };

  return {
    add(create) {
      const source = create(({ state, detail = '', nodes, bytesBehind, ...told }) => {
        enter(status, state, detail);
        status.nodes = nodes ?? status.nodes;
        status.bytesBehind = bytesBehind ?? status.bytesBehind;
        status.skew = told.skew;
        status.rotationLossMs = told.rotationLossMs;
        status.certificateExpiresAt = told.certificateExpiresAt ?? status.certificateExpiresAt;
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
        rotationLossMs: undefined,
        nodes: undefined,
        skew: undefined,
        certificateExpiresAt: undefined,
        resumed: false,
        rate: createRateMeter(RATE_SECONDS, () => Number(clock.now() / NANOS_PER_MILLI)),
        counter: createSourceCounter(),
      };
      watched.push(status);
      running.push(supervise(source, status));
    },
    statuses: () =>
      watched.map(({ rate, counter, ...status }) => ({
        ...status,
        ratePerSecond: rate.perSecond(),
        counts: counter.counts(),
      })),
    pause: gate.pause,
    async checkStoring() {
      const pause = gate.pause();
      if (pause !== undefined) throw new AppError('store-failed', pause.reason);
      await store.checkWritable();
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      gate[Symbol.dispose]();
      await Promise.all(running);
    },
  };
}
