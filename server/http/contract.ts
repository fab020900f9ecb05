/** Shapes on the wire between server and page. Types only: the page imports this file, and nothing else of http. */
import type { Explanation } from '../core/explanation.ts';
import type {
  InventorySourceJson,
  SourceCompletenessJson,
  SourceJson,
} from '../formats/api-json.ts';
import type { DropFinding } from '../core/drop-finding.ts';
import type { Harm } from '../core/harm.ts';
import type { CountedDropGroupJson, DropMarkJson, SavedViewJson } from '../formats/drop-json.ts';
import type { FlowJson, GapJson } from '../formats/flow-json.ts';
import type { AuditJson } from '../operations/audit/audit-shapes.ts';
import type { PolicyListJson, ShownPolicyJson } from '../operations/policies/policy-shapes.ts';

export type {
  ListedPolicyJson,
  PodPoliciesResponse,
} from '../operations/policies/policy-shapes.ts';
export type {
  AttributionJson,
  HitTotalsJson,
  InventorySourceJson,
  SourceCompletenessJson,
  SourceJson,
  SourceState,
} from '../formats/api-json.ts';
export type {
  CountedDropGroupJson,
  DropGroupJson,
  DropMarkJson,
  SavedViewJson,
} from '../formats/drop-json.ts';
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

/** `GET /api/v1/summary?q=&t=&by=&buckets=&top=`; `by` names at most two fields, as `from.wl,to.wl`. */
export type SummaryResponse = {
  readonly by: readonly string[];
  readonly q: string;
  readonly range: { readonly from: string; readonly to: string };
  readonly rows: readonly {
    /** A value for each of `by`, empty text where a flow has none; null: all that `top` left out. */
    readonly keys: readonly string[] | null;
    readonly records: number;
    readonly events: number;
    /** Events per bucket. */
    readonly series: readonly number[];
    /** When the first and the last of them was observed; null where there are none. */
    readonly firstAt: string | null;
    readonly lastAt: string | null;
  }[];
  /** Groups that were told apart, with those that `top` left out. */
  readonly groups: number;
  /**
   * What the row without keys alone counts, since there were more groups than are told apart. A group with at most so
   * many events may lack a row; all counts are exact.
   */
  readonly untold: { readonly records: number; readonly events: number };
  readonly head: number;
  readonly gaps: readonly GapJson[];
  readonly completeness: CompletenessJson;
};

/** `GET /api/v1/flows/{seq}/around?of=pair|pod|from|to|node&limit=&t=` */
export type AroundResponse = {
  readonly of: 'pair' | 'pod' | 'from' | 'to' | 'node';
  /** The query that finds these flows, to go on with. */
  readonly q: string;
  readonly flow: FlowJson;
  /** Committed before, the last first; `next` goes on as `after` with `order=newest`. */
  readonly before: { readonly flows: readonly FlowJson[]; readonly next: number | null };
  /** Committed behind, the first first; `next` goes on as `after` with `order=oldest`. */
  readonly after: { readonly flows: readonly FlowJson[]; readonly next: number | null };
  /** Of the time from the first to the last of them. */
  readonly completeness: CompletenessJson;
};

/** `GET /api/v1/flows/{seq}/checks`: what the stored flows around a dropped one tell of its reason (docs/drops.md). */
export type ChecksResponse = {
  readonly seq: number;
  /** What is shown first, then what is likely, then what was not seen. Questions that do not arise are left out. */
  readonly findings: readonly DropFinding[];
  readonly harm: Harm;
  /** Of the hour before the drop. */
  readonly completeness: CompletenessJson;
};

/** `GET /api/v1/drops?q=&t=&top=&buckets=&asof=`: dropped flows that match, by what caused them. */
export type DropsResponse = {
  readonly q: string;
  readonly range: { readonly from: string; readonly to: string };
  /** The one dropped last first. */
  readonly groups: readonly CountedDropGroupJson[];
  /** The groups that `top` left out, all of them dropped earlier. */
  readonly others: { readonly groups: number; readonly count: number };
  readonly head: number;
  readonly gaps: readonly GapJson[];
  readonly completeness: CompletenessJson;
  /** Why marks are not known, or were begun anew; null when all is well. */
  readonly marksProblem: string | null;
};

/** `PUT /api/v1/drops/{key}/mark` with `{note, until}`; DELETE answers with nothing. */
export type DropMarkResponse = { readonly mark: DropMarkJson };

/** `GET /api/v1/views` */
export type SavedViewsResponse = { readonly views: readonly SavedViewJson[] };

/** `PUT /api/v1/views/{id}` with `{name, query, t, cols, sort, shared}`; DELETE answers with nothing. */
export type SavedViewResponse = { readonly view: SavedViewJson };

/** What answers with hits say of the range in which they were counted. */
type CountedRange = {
  readonly range: { readonly from: string; readonly to: string };
  /** Equal parts of the range in each series: those asked for, at most one for each minute. */
  readonly buckets: number;
  readonly completeness: CompletenessJson;
};

/** `GET /api/v1/policies?t=&buckets=&asof=&window=` */
export type PoliciesResponse = CountedRange & PolicyListJson;

/** `GET /api/v1/policies/{kind}/{ns}/{name}?t=&buckets=&asof=&window=`; `-` stands for no namespace. */
export type PolicyResponse = CountedRange & ShownPolicyJson;

/** `GET /api/v1/audit?ns=&direction=&t=` */
export type AuditResponse = AuditJson;

/** `GET /api/v1/sources` */
export type SourcesResponse = {
  readonly sources: readonly SourceJson[];
  /** Where policies, pods and namespaces come from. */
  readonly inventory: readonly InventorySourceJson[];
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

/** `GET /flows/:seq/why`. */
export type WhyResponse = Explanation & { readonly seq: number };
