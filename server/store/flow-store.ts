import type { CommittedBlock } from '../columns/block.ts';
import type { LedgerFacts } from '../core/completeness.ts';
import type {
  Checkpoint,
  Direction,
  Flow,
  FlowBatch,
  Gap,
  PolicyRef,
  RecordedFlow,
  Rejection,
  StoredFlow,
} from '../core/flow.ts';
import type { HitSeries, HitTotals } from '../core/hit-series.ts';
import type { EpochNanos, TimeWindow } from '../core/time.ts';
import type { VerdictKind } from '../core/verdict.ts';
import type { Expression } from '../query/ast.ts';
import type { ConnectionOptions, Connections } from './connections.ts';
import type { DropCountOptions, DropGroups } from './drop-counts.ts';

/** Which flows: those that match `where` (all when `undefined`), observed inside `within`, with seq ≤ `asOf`. */
export type FlowQuery = {
  readonly where: Expression | undefined;
  readonly within?: Partial<TimeWindow>;
  readonly asOf?: number;
};

export type PageRequest = {
  readonly limit: number;
  /** Keyset: only flows with a smaller sequence number (`newest` first) or a greater one (`oldest` first). */
  readonly after?: number;
  readonly order: 'newest' | 'oldest';
  /** After about so many milliseconds the page ends where the search is, full or not; unlimited unless told. */
  readonly workMs?: number;
  readonly signal?: AbortSignal;
};

export type FlowPage<F = StoredFlow> = {
  readonly flows: readonly F[];
  /** Pass as `after` for the next page; `undefined` when this is the last. */
  readonly next: number | undefined;
  /**
   * There when `workMs` ended the page: at most `left` flows are still to be looked at, and the search has come
   * to those observed around `at`.
   */
  readonly searching: { readonly left: number; readonly at: EpochNanos } | undefined;
  /** Highest sequence number that this answer could see. */
  readonly head: number;
};

export type SummaryQuery = FlowQuery & {
  readonly within: TimeWindow;
  /** At most two fields of the field table to count by; a flow counts once under each pair of its values. */
  readonly by: readonly string[];
  /** Equal buckets over `within`; 1 for totals. */
  readonly buckets: number;
  /** Rows by events, most first; the rest is folded into one row whose keys are `undefined`. */
  readonly top: number;
  readonly signal?: AbortSignal;
};

export type SummaryRow = {
  /** A value of each field, empty text where a flow has none; `undefined` for the folded rest. */
  readonly keys: readonly string[] | undefined;
  readonly records: number;
  /** Σ `counts.events`. */
  readonly events: number;
  /**
   * Events per bucket. Those of an aggregate are spread over its window, so what of it lies outside of the range is in
   * `events` only. With one bucket both are the same.
   */
  readonly series: readonly number[];
  /** Observed times of the first and the last of them in the range; `undefined` where there are none. */
  readonly firstAt: EpochNanos | undefined;
  readonly lastAt: EpochNanos | undefined;
};

export type Summary = {
  readonly rows: readonly SummaryRow[];
  /** Groups that were told apart, with those that `top` folded. */
  readonly groups: number;
  /**
   * What was counted in the folded row alone, since there are more groups than are told apart; the row's counts are
   * exact, but a group with at most so many events may lack a row. 0 where every group was told apart.
   */
  readonly untold: { readonly records: number; readonly events: number };
  readonly head: number;
};

export type DropQuery = FlowQuery & DropCountOptions;
export type ConnectionQuery = FlowQuery & ConnectionOptions;

/** Counted by `core/hit-counts.ts` at ingest, kept per minute. */
export type PolicyHitRow = {
  readonly policy: PolicyRef;
  readonly direction: Direction;
  /** -1: the rule is not known. */
  readonly rule: number;
  readonly totals: HitTotals;
  readonly firstHit: EpochNanos;
  readonly lastHit: EpochNanos;
  /** Per bucket of the query's window. */
  readonly series: HitSeries;
};

export type PolicyHitQuery = { readonly within: TimeWindow; readonly buckets: number };

/** What the store knows of a source, across restarts. */
export type OriginRecord = {
  readonly origin: string;
  readonly flows: number;
  readonly byVerdict: Readonly<Record<VerdictKind, number>>;
  readonly lastObservedAt: EpochNanos | undefined;
  readonly rejected: readonly Rejection[];
  /** Σ of the counts of all `lost` gaps. */
  readonly lost: bigint;
  readonly checkpointAt: EpochNanos | undefined;
};

/** What a commit stored. */
export type Committed = {
  /** The flows that were new, in order; the first has the sequence number `firstSeq`. */
  readonly flows: readonly Flow[];
  readonly firstSeq: number;
  /** The same flows. */
  readonly blocks: readonly CommittedBlock[];
  /** The gaps that were new. */
  readonly gaps: readonly Gap[];
};

/**
 * Answers questions about stored flows. Reads see whole commits only. Failures of the disk or the database are
 * AppErrors `store-failed`; a read that takes too long is `query-timeout` where somebody watches the time.
 */
export type FlowReader = {
  page(query: FlowQuery, request: PageRequest): Promise<FlowPage>;
  /** A page with the records, which ends early where they are large. What was removed meanwhile is left out. */
  records(query: FlowQuery, request: PageRequest): Promise<FlowPage<RecordedFlow>>;
  find(seq: number): Promise<RecordedFlow | undefined>;
  summarize(query: SummaryQuery): Promise<Summary>;
  dropGroups(query: DropQuery): Promise<DropGroups>;
  /** Folds the flows of a window into what policy can tell apart, for whoever weighs all of them. */
  connections(query: ConnectionQuery): Promise<Connections>;
  policyHits(query: PolicyHitQuery): Promise<readonly PolicyHitRow[]>;
  /** Gaps that overlap the window, oldest first, at most 1,000. */
  gaps(within: TimeWindow): Promise<readonly Gap[]>;
  /** What is known of how completely the window was recorded; `core/completeness.ts` judges it. */
  ledger(within: TimeWindow): Promise<LedgerFacts>;
  origins(): Promise<readonly OriginRecord[]>;
  /** Observed times of the oldest and newest flow that are kept. */
  span(): Promise<TimeWindow | undefined>;
  /** From when on nothing was removed. */
  retained(): Promise<Retained>;
};

/** What is deleted. Each class is kept apart, so that the little that matters is kept longest. */
export type Retention = {
  /** Flows of every kind that were received before. */
  readonly flowsBefore: EpochNanos;
  /**
   * Denied flows (dropped, audited, denied by a staged policy), and gaps. Those whose block is kept among all
   * flows stay whatever this says.
   */
  readonly dropsBefore: EpochNanos;
  /** Policy hits per minute, unless a flow of their time is kept. */
  readonly countsBefore: EpochNanos;
  /** Bytes of the database: above it the oldest of all flows go, and when none is left the oldest drops. */
  readonly maxBytes?: number;
};

/**
 * No flow (no denied flow) that was observed after the time was removed by retention; before it an answer may
 * lack some, and between the two times it holds denied flows only. `undefined`: none was ever removed.
 */
export type Retained = {
  readonly flowsSince: EpochNanos | undefined;
  readonly dropsSince: EpochNanos | undefined;
};

/** How busy those are that answer questions about stored flows. */
export type ReadLoad = {
  readonly processes: number;
  readonly busy: number;
  /** Questions that no process has taken yet. */
  readonly waiting: number;
  /** Questions since this process began. */
  readonly ended: Readonly<
    Record<'answered' | 'failed' | 'timedOut' | 'givenUp' | 'refused', number>
  >;
};

/** The size of what is kept. */
export type StoreStatus = {
  /** Sequence number of the newest committed flow; 0 when there is none. */
  readonly head: number;
  readonly blocks: number;
  /** Observed time of the oldest flow that is kept; `undefined` when there is none. */
  readonly oldestAt: EpochNanos | undefined;
  /** The file that was found damaged and put aside when the store was opened, and why. */
  readonly quarantined: { readonly file: string; readonly why: string } | undefined;
  /** Size of the write-ahead log. */
  readonly walBytes: number;
  /** When the log was last copied into the database; `undefined` when the database is not there. */
  readonly checkpointedAt: EpochNanos | undefined;
};

/** Says now and then how a source is read, so that what was not watched is known after a crash too. */
export type WatchNote = {
  readonly origin: string;
  readonly at: EpochNanos;
  /** Absent where the source is configured but cannot be read now. */
  readonly reading:
    | {
        /** When it began to be read without a break. */
        readonly since: EpochNanos;
        /** Up to when it was read: `at`, unless the source lags behind. */
        readonly until: EpochNanos;
        /** It went on from a checkpoint: what it missed before is read, or told as a gap. */
        readonly resumes: boolean;
      }
    | undefined;
  /** The clock of a node that is off; `ms` is positive when it is ahead. */
  readonly skew: { readonly node: string; readonly ms: number } | undefined;
};

/** Keeps flows. Appends are serial; reads may run beside them. */
export type FlowStore = FlowReader &
  AsyncDisposable & {
    loadCheckpoint(origin: string): Promise<Checkpoint | undefined>;
    /** Commits all of a batch as one, and numbers its flows; leaves some of them out only when `mayRepeat`. */
    append(batch: FlowBatch): Promise<Committed>;
    /** Writes down how sources are read. */
    noteWatched(notes: readonly WatchNote[]): Promise<void>;
    /** Sequence number of the newest committed flow; 0 when there is none. */
    head(): number;
    /**
     * Deletes what was received before these times, by whole blocks, in steps between which commits go on. Answers
     * with the number of flows deleted from among all; the drops of their time may be kept.
     */
    prune(retention: Retention): Promise<number>;
    /** Throws an AppError `store-failed` when a commit would fail now. */
    checkWritable(): Promise<void>;
    /** Bytes on disk, write-ahead log included. */
    size(): number;
    status(): StoreStatus;
  };
