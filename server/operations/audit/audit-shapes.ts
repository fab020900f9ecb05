import type { Rhythm, SeenAt } from '../../core/edge.ts';

/** One condition without which an audit proves nothing, whatever the share of covered edges. */
export type Gate = {
  readonly id: 'window' | 'coverage' | 'lost' | 'policies' | 'dns' | 'schedule';
  readonly passes: boolean;
  /** What was found, in words and with its value. */
  readonly measured: string;
  /** What to do; empty where it passes. */
  readonly advice: string;
};

/** What comes and goes by itself, so that a window can have missed it. */
export type Scheduled = {
  readonly kind: 'CronJob' | 'Job' | 'HorizontalPodAutoscaler';
  readonly namespace: string;
  readonly name: string;
  /** Its schedule, or whom it scales; empty where there is nothing to say. */
  readonly when: string;
  /** A connection of its pods was recorded. Of what scales it is known of its pods only. */
  readonly seen: boolean;
};

/** Who is asked about each end of an edge, as labels or annotations say; empty where none does. */
export type EdgeOwners = { readonly from: string; readonly to: string };

/** An edge, with what policies say of it. */
export type EdgeJson = {
  readonly from: string;
  readonly to: string;
  /** `443/tcp`; the protocol alone where it has no ports. */
  readonly port: string;
  readonly cluster: string;
  /** One sentence. */
  readonly why: string;
  readonly decidedBy: readonly { readonly kind: string; readonly policy: string }[];
  /** What would settle what is open. */
  readonly missing: readonly string[];
  readonly events: number;
  /** Of these, those whose pods it concerns, 0 to 1. */
  readonly share: number;
  readonly firstAt: string;
  readonly lastAt: string;
  readonly rhythm: Rhythm;
  readonly seenAt: SeenAt;
  /** Number of the newest flow of it. */
  readonly example: number;
};

export type AuditEdgeJson = EdgeJson & { readonly owners: EdgeOwners };

/** What breaks if some namespaces deny by default, as `-o json` and the API tell it. */
export type AuditJson = {
  readonly window: { readonly from: string; readonly to: string };
  readonly namespaces: readonly string[];
  readonly directions: readonly ('ingress' | 'egress')[];
  /** Every gate passes, every observed edge is covered, and there is one. */
  readonly ready: boolean;
  readonly gates: readonly Gate[];
  /** `observed` is the sum of the three that follow; what was denied when it was recorded is in none of them. */
  readonly edges: {
    readonly observed: number;
    readonly covered: number;
    readonly wouldBreak: number;
    readonly undecided: number;
    readonly denied: number;
  };
  /** Events of these edges that came through. */
  readonly traffic: { readonly observed: number; readonly covered: number };
  /** Covered of observed edges, 0 to 1; null where none was observed. */
  readonly readiness: number | null;
  readonly wouldBreak: readonly AuditEdgeJson[];
  readonly undecided: readonly AuditEdgeJson[];
  readonly scheduled: readonly Scheduled[];
  /** Events in no edge. */
  readonly leftOut: { readonly noConnection: number; readonly tooMany: number };
};
