/** Shapes on the wire between server and page. Types only: the page imports this file, and nothing else of http. */
import type { PolicyJson, SourceCompletenessJson, SourceJson } from '../formats/api-json.ts';
import type { FlowJson, GapJson } from '../formats/flow-json.ts';
import type { VerdictKind } from '../core/verdict.ts';

export type {
  HitTotalsJson,
  PolicyJson,
  SourceCompletenessJson,
  SourceJson,
  SourceState,
} from '../formats/api-json.ts';
export type { EndJson, FlowJson, GapJson } from '../formats/flow-json.ts';

/** RFC 9457. `position` and `suggestion` come with `bad-query`. */
export type Problem = {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly requestId: string;
  /** Half-open span in the query text. */
  readonly position?: { readonly from: number; readonly to: number };
  readonly suggestion?: string;
};

/**
 * How completely the range of an answer was recorded (docs/completeness.md). `lower-bound`: something is known to be
 * missing, so counts may be too low and an empty answer proves nothing. `unknown`: nothing is known to be missing, but
 * not all of the range was watched, or records could not be read.
 */
export type CompletenessJson = {
  readonly verdict: 'complete' | 'lower-bound' | 'unknown';
  /** Share of the range, 0 to 1, in which every source and node was watched. */
  readonly watched: number;
  /** Events that somebody counted as lost; decimal text. Those of gaps that reach out of the range count whole. */
  readonly lost: string;
  /** All gaps in the range, also where `gaps` lists the first thousand. */
  readonly gaps: number;
  /** Records that could not be read. */
  readonly rejected: number;
  /** Some records stand for many events. */
  readonly aggregated: boolean;
  /** Retention removed some of what was observed before, and the range reaches there. */
  readonly removedBefore: string | null;
  /** The least complete first, at most 20. */
  readonly sources: readonly SourceCompletenessJson[];
};

/**
 * `GET /api/v1/flows?q=&t=&limit=&after=&asof=&order=newest|oldest&work=`. With `work` the answer comes after about so
 * many milliseconds, whatever was found by then: a long search is asked for in parts, and ends when nobody asks.
 */
export type FlowsResponse = {
  readonly flows: readonly FlowJson[];
  /** Pass as `after`; null on the last page. */
  readonly next: number | null;
  /** How far the search is where `work` ended it: flows still to be looked at, and observed time reached; else null. */
  readonly searching: { readonly left: number; readonly at: string } | null;
  readonly head: number;
  /** Canonical text of the query that was run. */
  readonly q: string;
  readonly range: { readonly from: string; readonly to: string } | null;
  readonly gaps: readonly GapJson[];
  readonly completeness: CompletenessJson;
};

/** `GET /api/v1/flows/{seq}`: the flow and its record as the source gave it. */
export type FlowResponse = {
  readonly flow: FlowJson;
  readonly raw: {
    readonly format: string;
    /** The record as JSON; null when its bytes cannot be shown as JSON. */
    readonly record: unknown;
    /** Bytes as recorded, base64. */
    readonly bytes: string;
  };
};

/** `GET /api/v1/summary?q=&t=&by=&buckets=&top=` */
export type SummaryResponse = {
  readonly by: string | null;
  readonly q: string;
  readonly range: { readonly from: string; readonly to: string };
  readonly rows: readonly {
    /** null: all the values that `top` left out. */
    readonly key: string | null;
    readonly records: number;
    readonly events: number;
    /** Events per bucket. */
    readonly series: readonly number[];
  }[];
  readonly head: number;
  readonly gaps: readonly GapJson[];
  readonly completeness: CompletenessJson;
};

/** `GET /api/v1/drops?q=&t=&top=&asof=`: dropped flows that match, by what caused them. */
export type DropsResponse = {
  readonly q: string;
  readonly range: { readonly from: string; readonly to: string };
  /** The one dropped last first. */
  readonly groups: readonly DropGroupJson[];
  /** The groups that `top` left out, all of them dropped earlier. */
  readonly others: { readonly groups: number; readonly count: number };
  readonly head: number;
  readonly gaps: readonly GapJson[];
  readonly completeness: CompletenessJson;
};

export type DropGroupJson = {
  /** Fingerprint: both ends' workloads, port, protocol, direction, reason, policy. */
  readonly key: string;
  /**
   * Dropped packets: the verdict and the drop event of one packet count once, an aggregate by its events. In a
   * `groups` frame those since the subscription began.
   */
  readonly count: number;
  readonly firstAt: string;
  readonly lastAt: string;
  /** Sequence number of the record committed last. */
  readonly lastSeq: number;
  /** The latest record that says the most: of those with and without their policy, the latest with one. */
  readonly latest: FlowJson;
};

/** `GET /api/v1/policies?t=&buckets=` */
export type PoliciesResponse = {
  readonly range: { readonly from: string; readonly to: string };
  readonly policies: readonly PolicyJson[];
  readonly completeness: CompletenessJson;
};

/** `GET /api/v1/sources` */
export type SourcesResponse = {
  readonly sources: readonly SourceJson[];
  readonly store: {
    readonly flows: number;
    readonly bytes: number;
    readonly oldest: string | null;
    readonly newest: string | null;
    /** Why nothing is stored now; null while flows are stored. */
    readonly paused: { readonly since: string; readonly reason: string } | null;
    /** The file that was found damaged and put aside when this server started, and why. */
    readonly quarantined: { readonly file: string; readonly why: string } | null;
  };
  readonly demo: boolean;
  readonly version: string;
};

/**
 * `GET /api/v1/live` (WebSocket). The first subscription is made from `q` in the URL; a `subscribe` message
 * replaces it. The server sends at most ten deliveries a second, each a `flows` and a `groups` frame where
 * there is something to say, and one `tick` a second. A client answers each `flows` frame with its `batch`;
 * with more than eight unanswered the server sends ticks, groups and gaps only, until it hears again.
 */
export type LiveFrame =
  | {
      readonly kind: 'hello';
      readonly head: number;
      readonly demo: boolean;
      readonly version: string;
    }
  /** Answers `subscribe`: what follows belongs to this query. `head` is the newest flow before it. */
  | { readonly kind: 'subscribed'; readonly id: number; readonly q: string; readonly head: number }
  | { readonly kind: 'flows'; readonly batch: number; readonly flows: readonly FlowJson[] }
  | {
      readonly kind: 'groups';
      /** The counts of all groups, sent now or before, are complete up to this sequence number. */
      readonly head: number;
      /** Those that changed. `key` is `other` for what exceeds 5,000 groups a subscription. */
      readonly groups: readonly DropGroupJson[];
    }
  | {
      /** Exact counts of what matched since the last tick. */
      readonly kind: 'tick';
      readonly at: string;
      readonly overMs: number;
      /** Events: what the records stand for (docs/completeness.md). */
      readonly counts: Readonly<Record<VerdictKind, number>>;
      /** Records; rows are of records. */
      readonly records: Readonly<Record<VerdictKind, number>>;
      /** Events. */
      readonly byOrigin: Readonly<Record<string, number>>;
      /** Rows of matching flows sent since the last tick. */
      readonly shown: number;
      /** Dropped packets since the last tick, counted as groups count them. */
      readonly drops: number;
      /** Dropped flows whose rows were not sent, since the last tick; their groups and counts are complete. */
      readonly dropRowsLost: number;
      /**
       * Matching flows among all that is counted since the last tick that were shown and could not be stored. Their
       * rows have a `seq` that is no whole number, and are not found again under it.
       */
      readonly unstored: number;
      /** Flows, matching or not, that are stored and that nothing here tells of: the server is busy. */
      readonly untold: number;
      /** False while nothing is stored. What was shown meanwhile is told again once it is. */
      readonly storing: boolean;
      /** Receipt minus observation of the newest flow; null while there is none. */
      readonly lagMs: number | null;
      readonly head: number;
    }
  | { readonly kind: 'lost'; readonly gaps: readonly GapJson[] }
  | { readonly kind: 'error'; readonly problem: Problem };

export type LiveRequest =
  | {
      readonly kind: 'subscribe';
      /** Chosen by the client, echoed by `subscribed`. */
      readonly id: number;
      readonly q: string;
      /** Allowed rows a second, 0 to 2,000; 200 unless told. */
      readonly rows?: number;
    }
  | { readonly kind: 'ack'; readonly batch: number }
  /** A hidden page gets ticks, groups and dropped rows only. */
  | { readonly kind: 'visible'; readonly visible: boolean };
