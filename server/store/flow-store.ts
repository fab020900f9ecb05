import type { CommittedBlock } from '../columns/block.ts';
import type { DropGroup } from '../core/drop-groups.ts';
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
import type { EpochNanos, TimeWindow } from '../core/time.ts';
import type { VerdictKind } from '../core/verdict.ts';
import type { Expression } from '../query/ast.ts';

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
  readonly signal?: AbortSignal;
};

export type FlowPage = {
  readonly flows: readonly StoredFlow[];
  /** Pass as `after` for the next page; `undefined` when this is the last. */
  readonly next: number | undefined;
  /** Highest sequence number that this answer could see. */
  readonly head: number;
};

export type SummaryQuery = FlowQuery & {
  readonly within: TimeWindow;
  /** Field of the field table to count by; one value each, or `undefined` for one row that counts all. */
  readonly by: string | undefined;
  /** Equal buckets over `within`; 1 for totals. */
  readonly buckets: number;
  /** Rows by count, most first; the rest is folded into one row whose key is `undefined`. */
  readonly top: number;
  readonly signal?: AbortSignal;
};

export type SummaryRow = {
  /** Value of the field, empty text where a flow has none; `undefined` for the folded rest. */
  readonly key: string | undefined;
  readonly records: number;
  /** Σ `counts.events`. */
  readonly events: number;
  /** Records per bucket. */
  readonly series: readonly number[];
};

export type Summary = { readonly rows: readonly SummaryRow[]; readonly head: number };

export type DropQuery = FlowQuery & {
  readonly within: TimeWindow;
  /** Groups told one by one; the rest is folded. */
  readonly top: number;
  readonly signal?: AbortSignal;
};

/** Dropped flows that match, grouped and counted as `core/drop-groups.ts` says. */
export type DropGroups = {
  /** The one whose last record was committed last first. */
  readonly groups: readonly DropGroup[];
  /** What `top` left out; with `groups` the exact total. */
  readonly others: { readonly groups: number; readonly count: number };
  readonly head: number;
};

/** Counted by `core/hit-counts.ts` at ingest, kept per minute. */
export type HitTotals = {
  readonly allowed: number;
  readonly denied: number;
  readonly passed: number;
  /** Audit verdicts, and what staged policies would have done. */
  readonly staged: number;
};

export type PolicyHitRow = {
  readonly policy: PolicyRef;
  readonly direction: Direction;
  /** -1: the rule is not known. */
  readonly rule: number;
  readonly totals: HitTotals;
  readonly firstHit: EpochNanos;
  readonly lastHit: EpochNanos;
  /** Per bucket of the query's window. */
  readonly series: readonly HitTotals[];
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
  find(seq: number): Promise<RecordedFlow | undefined>;
  summarize(query: SummaryQuery): Promise<Summary>;
  dropGroups(query: DropQuery): Promise<DropGroups>;
  policyHits(query: PolicyHitQuery): Promise<readonly PolicyHitRow[]>;
  /** Gaps that overlap the window, oldest first, at most 1,000. */
  gaps(within: TimeWindow): Promise<readonly Gap[]>;
  origins(): Promise<readonly OriginRecord[]>;
  /** Observed times of the oldest and newest flow that are kept. */
  span(): Promise<TimeWindow | undefined>;
};

/** Keeps flows. Appends are serial; reads may run beside them. */
export type FlowStore = FlowReader &
  AsyncDisposable & {
    loadCheckpoint(origin: string): Promise<Checkpoint | undefined>;
    /**
     * Commits flows, roll-ups, gaps, rejections and checkpoint as one, and assigns the sequence numbers. Fewer
     * flows are committed than given only when `mayRepeat`.
     */
    append(batch: FlowBatch): Promise<Committed>;
    /** Sequence number of the newest committed flow; 0 when there is none. */
    head(): number;
    /**
     * Deletes flows that were received before the time, by whole blocks, with the counts of their time. Answers
     * with the number of flows deleted.
     */
    prune(before: EpochNanos): Promise<number>;
    /** Throws an AppError `store-failed` when a commit would fail now. */
    checkWritable(): Promise<void>;
    /** Bytes on disk, write-ahead log included. */
    size(): number;
  };
