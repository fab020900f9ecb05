import type { Direction, PolicyRef } from '../../core/flow.ts';
import type { HowSeen } from '../../core/inventory.ts';
import type { AttributionJson, HitTotalsJson, PolicyJson } from '../../formats/api-json.ts';

/** Policies as the API and `dropwise policies` show them. Types only, since the contract of the page holds them too. */

/**
 * What is known of a policy as a whole:
 * `active`: hit at what it says now. `edited`: changed within the last week. `unused`: nothing was hit in the whole
 * window, in which every source was watched and nobody changed it. `no-hits`: not hit, and one of these is not known.
 * `not-observable`: the dataplane never names it. `unlisted`: flows name it, and no inventory holds it.
 */
export type PolicyStatusKind =
  | 'active'
  | 'edited'
  | 'unused'
  | 'no-hits'
  | 'not-observable'
  | 'not-enforced'
  | 'invalid'
  | 'gone'
  | 'unlisted';

export type PolicyStatusJson = {
  readonly kind: PolicyStatusKind;
  /** When it was edited, or gone. */
  readonly at: string | null;
  /** One sentence. */
  readonly why: string;
};

export type PolicyDialectName = 'kubernetes' | 'admin' | 'cilium' | 'calico' | 'unknown';

export type PolicyWay = 'ingress' | 'egress';

/** One line of the list: an object of the inventory, or a name that only hits tell. */
export type ListedPolicyJson = PolicyJson & {
  /** As the path of its page names it: `NetworkPolicy/shop/web`, with `-` for what is cluster-wide. */
  readonly id: string;
  readonly dialect: PolicyDialectName;
  readonly staged: boolean;
  /** Clusters that have a policy of this name; flows do not say in which of them it was hit. */
  readonly clusters: readonly string[];
  readonly directions: readonly PolicyWay[];
  /** Pods that it selects now; null: nothing is known of pods, or of the policy. */
  readonly pods: number | null;
  /** Of the whole window that `unused` is about, not of the range alone; null: not in it, as far as was looked. */
  readonly lastInWindow: string | null;
  /** Rules of today's version, and how many of them were hit in the range; `hit` is null where nobody names rules. */
  readonly ruleCount: { readonly hit: number | null; readonly of: number } | null;
  readonly status: PolicyStatusJson;
};

/** Every policy of the inventory as of a time, with its hits in a range, and what only hits name. */
export type PolicyListJson = {
  /** The one hit last first; those that were not hit by name. */
  readonly policies: readonly ListedPolicyJson[];
  /** The time as of which the inventory was asked; null where no source told anything then. */
  readonly inventoryAt: string | null;
  readonly attribution: AttributionJson;
};

/**
 * `hit`, and else why not: `quiet` not hit in the range; `selects-nothing`; `too-young` and `edited`: it was not there,
 * or not so, through all of the range; `not-observable`: the dataplane names no rules, or never this one; `shadowed`:
 * what it matches is decided by another.
 */
export type RuleFateKind =
  'hit' | 'quiet' | 'selects-nothing' | 'too-young' | 'edited' | 'not-observable' | 'shadowed';

export type RuleFateJson = {
  /** Where the rule stands in the manifest: `spec.ingress[1]`. */
  readonly path: string;
  readonly way: PolicyWay;
  readonly effect: 'allow' | 'deny' | 'pass' | 'log';
  readonly fate: RuleFateKind;
  readonly why: string;
  /** Since the version in force began, within the range. */
  readonly totals: HitTotalsJson;
  readonly lastHit: string | null;
  /** Who says so, of a rule that was hit: as for a policy, but its policy may be reported and the rule evaluated. */
  readonly basis: PolicyJson['basis'] | null;
  /** Hits of the rule found by weighing; not among `totals`. */
  readonly evaluated: { readonly totals: HitTotalsJson; readonly lastHit: string | null };
};

/** What the policy said through a span, and how often it was hit in the whole minutes of it. */
export type PolicyVersionJson = {
  readonly from: string;
  /** null: still so. */
  readonly until: string | null;
  readonly how: HowSeen;
  readonly source: string;
  readonly cluster: string;
  /** The API server's count of edits; null for files. */
  readonly generation: number | null;
  readonly yaml: string;
  readonly totals: HitTotalsJson;
  /** Where the version lies outside of what hits are kept for, or the span holds no whole minute. */
  readonly counted: boolean;
};

export type SelectedPodJson = { readonly namespace: string; readonly name: string };

export type DeniedPeerJson = {
  readonly peer: string;
  readonly port: string;
  readonly events: number;
  readonly lastAt: string | null;
};

export type ShownPolicyJson = {
  readonly policy: ListedPolicyJson;
  /** The time as of which the inventory was asked. */
  readonly at: string;
  readonly rules: readonly RuleFateJson[];
  /** Hits that the dataplane gives to no rule of today's version and weighing to none either, by direction. */
  readonly unattributed: readonly {
    readonly way: Direction;
    readonly totals: HitTotalsJson;
    readonly why: string;
  }[];
  /** Evaluated denials in which none of its rules matched, by direction; since the version in force began. */
  readonly byDefault: readonly {
    readonly way: Direction;
    readonly totals: HitTotalsJson;
    /** Of these, how many are hits of other policies too. */
    readonly shared: number;
  }[];
  readonly attribution: AttributionJson;
  /** Newest first. */
  readonly versions: readonly PolicyVersionJson[];
  /** Hits in the minutes in which it changed: nobody can say of which version. */
  readonly aroundChanges: HitTotalsJson;
  readonly selected: readonly SelectedPodJson[];
  /** Dropped flows that name this policy, and those that policy dropped at what it selects without naming one. */
  readonly denied: {
    readonly byThis: readonly DeniedPeerJson[];
    readonly atItsPods: readonly DeniedPeerJson[];
    /** The query that finds the latter. */
    readonly q: string;
  };
  /** Why a cluster would refuse it. */
  readonly faults: readonly { readonly path: string; readonly message: string }[];
};

/** One policy that selects a pod, or some pods of a workload. */
export type PodPolicyJson = {
  readonly id: string;
  readonly policy: PolicyRef;
  readonly cluster: string;
  readonly directions: readonly PolicyWay[];
  readonly staged: boolean;
  /** Whether the dataplane of the cluster heeds policies of its kind. */
  readonly enforced: boolean;
  /** How many of the pods that were asked about it selects. */
  readonly pods: number;
  /** It may select them: what it selects by is not known of them. */
  readonly unsure: boolean;
};

export type AskedPodJson = {
  readonly cluster: string;
  readonly namespace: string;
  /** Empty for what a template would make. */
  readonly name: string;
  /** The last of its owners: a CronJob, not its Job. null: none. */
  readonly workload: { readonly kind: string; readonly name: string } | null;
  /** It shares the network of its node, so that no policy for pods applies to it. */
  readonly hostNetwork: boolean;
};

/** What stands against traffic that no rule admits, at so many pods of a cluster. */
export type PodIsolationJson = {
  readonly cluster: string;
  readonly way: PolicyWay;
  /** Those that policies can select. */
  readonly pods: number;
  readonly isolated: number;
  /** Nobody can say of so many. */
  readonly unsure: number;
};

export type PodPoliciesJson = {
  /**
   * What was found: the pod; other pods of its workload, where it is not known; or what the template of a CronJob or Job
   * would make, where none of its pods is.
   */
  readonly by: 'pod' | 'workload' | 'template';
  /** The first hundred. */
  readonly pods: readonly AskedPodJson[];
  readonly policies: readonly PodPolicyJson[];
  readonly isolation: readonly PodIsolationJson[];
  /** Kinds of policies that the dataplane enforces and nobody told completely at that time. */
  readonly untold: readonly string[];
};

/** `GET /api/v1/pods/{ns}/{name}/policies?workload=&asof=`; `-` stands for no name. */
export type PodPoliciesResponse = PodPoliciesJson & {
  /** The time that they are of. */
  readonly at: string;
};
