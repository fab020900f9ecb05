import type { PolicyRef, Rejection } from '../core/flow.ts';
import type { VerdictKind } from '../core/verdict.ts';
import type { GapJson } from './flow-json.ts';

export type HitTotalsJson = {
  readonly allowed: number;
  readonly denied: number;
  readonly passed: number;
  readonly staged: number;
};

/** One policy as the API and `dropwise policies` show it. Times are RFC 3339 with nine digits. */
export type PolicyJson = {
  readonly policy: PolicyRef;
  /** Where the counts come from: the dataplane named the policy. */
  readonly basis: 'reported';
  readonly totals: HitTotalsJson;
  readonly firstHit: string;
  readonly lastHit: string;
  readonly series: readonly HitTotalsJson[];
  readonly rules: readonly {
    readonly direction: 'ingress' | 'egress' | 'unknown';
    /** null: the dataplane names the policy but not the rule. */
    readonly rule: number | null;
    readonly totals: HitTotalsJson;
    readonly lastHit: string;
  }[];
};

export type SourceState = 'connecting' | 'reading' | 'waiting' | 'retrying' | 'done';

/** One source as the API and `dropwise sources` show it. */
export type SourceJson = {
  readonly name: string;
  readonly kind: 'hubble-relay' | 'hubble-file' | 'calico-file' | 'import';
  readonly target: string;
  readonly state: SourceState;
  readonly stateSince: string;
  /** What is wrong or awaited, and what to do; empty when all is well. */
  readonly detail: string;
  /** While `retrying`. */
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
  readonly checkpointAt: string | null;
  readonly bytesBehind: number | null;
  readonly nodes: { readonly connected: number; readonly unavailable: readonly string[] } | null;
};
