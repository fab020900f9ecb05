/**
 * Why a flow was let through or dropped, as screens and commands show it. Sentences are for people; everything that a
 * sentence says stands beside it as a fact. Times are RFC 3339.
 */
export type Explanation = {
  /** One sentence, in words that people know. */
  readonly headline: string;
  readonly provenance: Provenance;
  /** The policies that it was weighed against; `undefined` when nobody watched them at the time. */
  readonly against: PolicySnapshot | undefined;
  /** What the record itself says, in a sentence; empty when it names no policy. */
  readonly reported: string;
  /** The end that decided first. An end that is not subject to policy is left out. */
  readonly ends: readonly EndExplanation[];
  /** What else bears on it: classical mistakes, rules that are not reached, who had an address before. */
  readonly notes: readonly string[];
  /** Facts that would settle what is open. */
  readonly missing: readonly string[];
  /** Where record and evaluation disagree: what may be behind it, likeliest first. */
  readonly conflict: readonly string[];
  readonly timeline: Timeline | undefined;
  /** What changed between the last time that it was allowed and the first drop, likeliest cause first. */
  readonly changes: readonly Change[];
  readonly similar: readonly SimilarDrops[];
  readonly differs: readonly Difference[];
  /** A change of policy that would let it through; `undefined` where none is offered. */
  readonly suggestion: Suggestion | undefined;
  /** Why none is offered, or what would help instead; empty where one is, or where nothing was denied. */
  readonly noSuggestion: string;
};

/**
 * The smallest change that was found, shown to let the flow through by weighing it again. Nobody applies it but the
 * person who reads it.
 */
export type Suggestion = {
  /** One for each end that denies. */
  readonly parts: readonly SuggestedPart[];
  /** What shows the change to the cluster without applying it. */
  readonly command: string;
  /** What else of the recorded drops it would let through: the first of `alsoAllowed`. */
  readonly alsoAllows: readonly {
    readonly from: string;
    readonly to: string;
    readonly port: string;
    readonly count: number;
  }[];
  /** How many there are of them, told or not. */
  readonly alsoAllowed: number;
  /** Recorded groups of drops that were weighed again, and since when. */
  readonly weighed: { readonly groups: number; readonly since: string };
  /** What was weighed again to show that the flow would pass. */
  readonly proof: string;
};

export type SuggestedPart = {
  readonly policy: PolicyName;
  /** Manifests as YAML; `before` is empty for a policy that is new. */
  readonly before: string;
  readonly after: string;
};

export type Provenance =
  /** The dataplane named what decided. */
  | 'reported'
  /** The policies of the time were weighed again, and agree with the record. */
  | 'evaluated'
  /** A fact is missing. */
  | 'undecided'
  /** Record and evaluation disagree. */
  | 'conflict'
  /** The reason has nothing to do with policy. */
  | 'not-policy';

export type PolicySnapshot = {
  readonly at: string;
  /** `then`: when the flow was seen. `now`: today's. `files`: manifests that were given. */
  readonly of: 'then' | 'now' | 'files';
  readonly dataplane: string;
  readonly policies: number;
  /** Settings of the agents that nobody told us. */
  readonly assumed: readonly string[];
  /** Policies that are there and that this dataplane does not enforce. */
  readonly notEnforced: readonly PolicyName[];
};

export type PolicyName = {
  readonly kind: string;
  /** Of its API, where that is known: two have a kind NetworkPolicy. */
  readonly apiGroup?: string;
  /** Empty for what is cluster-wide. */
  readonly namespace: string;
  readonly name: string;
};

export type EndExplanation = {
  readonly way: 'ingress' | 'egress';
  /** `shop/redis`. */
  readonly subject: string;
  readonly verdict: 'allow' | 'deny' | 'undetermined';
  /** As in the conformance cases: `default-deny`, `rule-deny`, … */
  readonly reason: string;
  /** Tier or stage that decided; empty where none did. */
  readonly stage: string;
  readonly sentence: string;
  /** Policies that were looked at. */
  readonly looked: number;
  readonly selected: readonly SelectionLine[];
  readonly nearly: readonly SelectionLine[];
  /** Rules of the policies that apply, nearest first. */
  readonly tried: readonly RuleLine[];
  readonly decided: readonly RuleName[];
  readonly hidden: readonly RuleLine[];
  readonly missing: readonly string[];
};

/** Where something is written, for policies that come from files. */
export type SourcePlace = {
  /** Within what was given to be read. */
  readonly file: string;
  /** From 1; left out where the file keeps none, as JSON. */
  readonly line?: number;
};

export type RuleName = {
  readonly policy: PolicyName;
  readonly path: string;
  readonly place?: SourcePlace;
};

export type SelectionLine = {
  readonly policy: PolicyName;
  readonly place?: SourcePlace;
  readonly tests: readonly TestLine[];
};

export type RuleLine = RuleName & {
  readonly effect: 'allow' | 'deny' | 'pass' | 'log';
  readonly truth: Answer;
  readonly clauses: readonly {
    readonly kind: string;
    readonly truth: Answer;
    /** Of the alternative that comes nearest. */
    readonly tests: readonly TestLine[];
    /** Other alternatives that failed too. */
    readonly others: number;
    /** Every entry of a list of L7 rules with its tests, nearest first; empty for other clauses. */
    readonly entries: readonly (readonly TestLine[])[];
  }[];
};

export type Answer = 'yes' | 'no' | 'unknown';

/** One thing that was tested: `app=cart` expected, `app=checkout` found. */
export type TestLine = {
  readonly path: string;
  readonly place?: SourcePlace;
  readonly truth: Answer;
  readonly expected: string;
  readonly actual: string;
};

export type Timeline = {
  readonly lastAllowed: Moment | undefined;
  /** `undefined`: a search took too long and was ended, so neither time is known. */
  readonly firstDropped: Moment | undefined;
};

export type Moment = { readonly seq: number; readonly at: string };

export type Change = {
  readonly at: string;
  readonly what: 'policy' | 'labels' | 'namespace' | 'pod' | 'node' | 'address' | 'reference';
  /** `NetworkPolicy shop/redis-ingress was created`. */
  readonly sentence: string;
  readonly object: PolicyName;
  /** Without this change alone the policies would have allowed it: shown by weighing again, not by the time alone. */
  readonly decisive: boolean;
};

export type SimilarDrops = {
  /** `same destination`. */
  readonly label: string;
  readonly query: string;
  readonly count: number;
};

/** A field whose value is commoner among these drops than among what the same destination allows. */
export type Difference = {
  readonly field: string;
  readonly value: string;
  /** Shares, 0 to 1. */
  readonly ofDrops: number;
  readonly ofAllowed: number;
};
