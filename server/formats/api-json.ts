import type { PolicyRef, Rejection } from '../core/flow.ts';
import type { InventoryStatus } from '../core/inventory.ts';
import type { LossStage } from '../core/loss-stage.ts';
import type { VerdictKind } from '../core/verdict.ts';
import type { GapJson } from './flow-json.ts';

export type HitTotalsJson = {
  readonly allowed: number;
  readonly denied: number;
  readonly passed: number;
  readonly staged: number;
};

/**
 * Hits in each of the equal parts of the range, in order: `allowed[3]` were allowed in the fourth. The array of a kind
 * whose total is 0 is empty; all others have as many numbers as the range has parts.
 */
export type HitSeriesJson = {
  readonly allowed: readonly number[];
  readonly denied: readonly number[];
  readonly passed: readonly number[];
  readonly staged: readonly number[];
};

/** One policy as the API and `dropwise policies` show it. Times are RFC 3339 with nine digits. */
export type PolicyJson = {
  readonly policy: PolicyRef;
  /**
   * Where its hits come from. `reported`: the dataplane named the policy. `evaluated`: no record did, and weighing the
   * flows against the policies of their time did. `both`: some so and some so; none is counted twice.
   */
  readonly basis: 'reported' | 'evaluated' | 'both';
  /** These hits are the reported ones, as are their times, series and rules. */
  readonly totals: HitTotalsJson;
  /** null: not hit in the range. */
  readonly firstHit: string | null;
  readonly lastHit: string | null;
  readonly series: HitSeriesJson;
  readonly rules: readonly {
    readonly direction: 'ingress' | 'egress' | 'unknown';
    /** null: the dataplane names the policy but not the rule. */
    readonly rule: number | null;
    readonly totals: HitTotalsJson;
    readonly lastHit: string;
  }[];
  readonly evaluated: EvaluatedHitsJson;
};

/** Hits that no record names, beside the reported ones and never among them. `passed` is always 0. */
export type EvaluatedHitsJson = {
  readonly totals: HitTotalsJson;
  /** Of the denied and staged ones, those that are the hits of other policies too: sums of policies count them twice. */
  readonly shared: number;
  readonly firstHit: string | null;
  readonly lastHit: string | null;
  readonly series: HitSeriesJson;
};

/** How far hits are evaluated, and what stays nobody's. */
export type AttributionJson = {
  /** Flows that were stored before are not weighed; null: all are. */
  readonly since: string | null;
  /** All that was stored until then is weighed; null: nothing is yet. */
  readonly until: string | null;
  /** Decisions in the range that no record and no weighing gives to a policy. */
  readonly unattributed: {
    readonly allowed: number;
    readonly denied: number;
    readonly staged: number;
    /**
     * Most first. `undecided`: a fact is missing. `no-snapshot`: nobody watched the policies of then. `conflict`: those
     * that are known decide otherwise. `changed`: they changed in that minute, and it matters which were in force.
     */
    readonly why: readonly { readonly why: string; readonly count: number }[];
  };
};

/** How completely one source was recorded over a range. */
export type SourceCompletenessJson = {
  readonly source: string;
  readonly verdict: 'complete' | 'lower-bound' | 'unknown';
  /** Share of the range, 0 to 1, in which the source and all its nodes were watched. */
  readonly watched: number;
  /** Decimal text. */
  readonly lost: string;
  /** Where it was lost, in the order of the way that events take. */
  readonly byStage: readonly { readonly stage: LossStage; readonly count: string }[];
  readonly gaps: number;
  /** Nodes that lost something or were not watched, the first ten by name, of `nodeCount`. */
  readonly nodes: readonly string[];
  readonly nodeCount: number;
  readonly rejected: number;
  /** Longest window of aggregated records, 0 when they do not tell it; null where none is aggregated. */
  readonly aggregatedMs: number | null;
  /** The clock that was furthest off. */
  readonly skew: { readonly node: string; readonly ms: number } | null;
};

export type SourceState = 'connecting' | 'reading' | 'waiting' | 'retrying' | 'refused' | 'done';

/** One source as the API and `dropwise sources` show it. */
export type SourceJson = {
  readonly name: string;
  /** `retina`: a Hubble source or an import whose records are Retina's, which watches clusters with Azure NPM. */
  readonly kind:
    | 'hubble-relay'
    | 'hubble-file'
    | 'calico-file'
    | 'goldmane'
    | 'goldmane-push'
    | 'retina'
    | 'import';
  /** What records of this kind never tell, a sentence each. */
  readonly limits: readonly string[];
  readonly target: string;
  readonly state: SourceState;
  readonly stateSince: string;
  /** What is wrong or awaited, and what to do; empty when all is well. */
  readonly detail: string;
  /** While `retrying` or `refused`. */
  readonly retryAt: string | null;
  readonly lastEventAt: string | null;
  /** Flows a second over the last ten seconds. */
  readonly ratePerSecond: number;
  /** Receipt minus observation of the newest flow; null before the first. */
  readonly lagMs: number | null;
  readonly stored: number;
  readonly byVerdict: Readonly<Record<VerdictKind, number>>;
  /** Decimal text. */
  readonly lost: string;
  readonly rejected: readonly Rejection[];
  readonly gaps: readonly GapJson[];
  /** Of the last 24 hours, as `gaps`; null before anything is known of it. */
  readonly completeness: SourceCompletenessJson | null;
  readonly checkpointAt: string | null;
  readonly bytesBehind: number | null;
  /** Milliseconds until unread bytes are rotated away at the present rates; null where reading keeps up. */
  readonly rotationLossMs: number | null;
  readonly nodes: { readonly connected: number; readonly unavailable: readonly string[] } | null;
  /** The node whose clock is furthest off, beyond five seconds; `ms` is negative when it is behind. */
  readonly skew: { readonly node: string; readonly ms: number } | null;
  /** End of validity of the client certificate; null where there is none. */
  readonly certificateExpiresAt: string | null;
};

/** One source of policies and of what they select. */
export type InventorySourceJson = Omit<
  InventoryStatus,
  'stateSince' | 'retryAt' | 'lastEventAt'
> & {
  readonly stateSince: string;
  readonly retryAt: string | null;
  /** When anything was last told. */
  readonly lastEventAt: string | null;
};
