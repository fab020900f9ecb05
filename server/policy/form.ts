import type { Manifest, ManifestFault, ManifestPath } from '../core/manifest.ts';
import type { PolicyRef } from '../core/flow.ts';
import type { ClusterFacts, Connection, Dataplane, DataplaneSettings, Party } from './facts.ts';
import type { Truth } from './truth.ts';

/** The one form that every dialect is parsed into, and that `evaluate.ts` alone weighs (style.md 4, 5). */

export type Way = 'ingress' | 'egress';

/** One end of one connection: may `subject` send to, or receive from, `peer`? */
export type Question = {
  readonly connection: Connection;
  readonly way: Way;
  readonly subject: Party;
  /** Address of the subject that was used; `undefined` when not known. */
  readonly subjectIp: string | undefined;
  readonly peer: Party;
  readonly peerIp: string | undefined;
  readonly world: World;
};

/** What policies are weighed against: facts, settings, and the objects that policies refer to. */
export type World = {
  readonly dataplane: Dataplane;
  readonly facts: ClusterFacts;
  readonly settings: DataplaneSettings;
  readonly references: References;
};

/** Objects that are no policies, by the manifests of the same set. Dialects read them when they compile. */
export type References = {
  /** By kind, in the order of the set: `CiliumCIDRGroup`, `Tier`, `NetworkSet`, `GlobalNetworkSet`, `HostEndpoint`. */
  readonly byKind: ReadonlyMap<string, readonly Manifest[]>;
};

/** Why a predicate answered as it did, in words that stand beside a ✓, ✗ or ?. */
export type PredicateReport = {
  readonly truth: Truth;
  /** `app=cart`, `6379/TCP`, `10.0.0.0/8`. */
  readonly expected: string;
  /** `app=checkout`, `no label app`, `5432/TCP`. */
  readonly actual: string;
  /** Present where the answer is `unknown`: the fact that would decide it. */
  readonly missing?: MissingFact;
};

export type MissingFact = {
  readonly kind:
    | 'labels'
    | 'namespace-labels'
    | 'peer'
    | 'port'
    | 'named-port'
    | 'dns'
    | 'l7'
    | 'authentication'
    | 'reply'
    | 'setting'
    | 'protocol'
    | 'unknown-field'
    | 'ambiguous'
    | 'loopback'
    | 'version'
    | 'reference';
  /** A sentence fragment: `labels of namespace shop`, `the container ports of shop/redis-0`. */
  readonly text: string;
};

/** The smallest thing that is tested: one label requirement, one block, one port. */
export type Predicate = {
  /** Where it stands, from the root of the manifest. */
  readonly path: ManifestPath;
  /** What it looks at. */
  readonly about:
    'labels' | 'namespace' | 'address' | 'entity' | 'name' | 'port' | 'protocol' | 'l7' | 'other';
  test(question: Question): Truth;
  report(question: Question): PredicateReport;
};

/** One entry of a list of which one must hold: a peer, a port, a request. All of its predicates must hold. */
export type Option = { readonly path: ManifestPath; readonly predicates: readonly Predicate[] };

/** A clause of a rule. It holds when one of its options does, so none without options. Left out where anything goes. */
export type Clause = {
  readonly kind: 'peer' | 'port' | 'l7' | 'authentication' | 'condition';
  readonly path: ManifestPath;
  readonly options: readonly Option[];
};

export type Effect = 'allow' | 'deny' | 'pass' | 'log';

export type Rule = {
  /** `spec.ingress[1]`, from the root of the manifest. */
  readonly path: ManifestPath;
  readonly effect: Effect;
  /** All must hold. None: everything matches. */
  readonly clauses: readonly Clause[];
};

export type Family = 'k8s' | 'npapi' | 'cilium' | 'calico';

/**
 * One policy, or one rule set of a policy that holds several (`specs`): then they share `ref` and `key`.
 * A staged policy is compiled like its counterpart, and counts only where staged ones are asked for.
 */
export type CompiledPolicy = {
  readonly ref: PolicyRef;
  readonly family: Family;
  /** `k8s:NetworkPolicy/shop/web`, `calico:GlobalNetworkPolicy/deny-all`. */
  readonly key: string;
  readonly manifest: Manifest;
  readonly staged: boolean;
  /** Pods of this namespace only; empty: of every one. Used to leave most policies out early. */
  readonly namespace: string;
  /** Whether it applies to an end. All must hold; direction is apart. */
  readonly subject: readonly Predicate[];
  /** Ways in which it applies to what it selects. */
  readonly ways: ReadonlySet<Way>;
  /** Ways in which selection alone means that what no rule admits is denied. */
  readonly isolates: ReadonlySet<Way>;
  readonly rules: Readonly<Record<Way, readonly Rule[]>>;
  /** Orders policies in a stage where first match wins; equal ones are tied. */
  readonly order: number;
  /** Parts that a cluster would take and we do not understand: their rules answer `unknown`. */
  readonly notUnderstood: readonly ManifestFault[];
};

/** Policies that are weighed together. Stages run in order; each says how its rules combine. */
export type Stage = {
  readonly name: string;
  readonly combine: 'allow-union' | 'deny-overrides' | 'first-match';
  /** In the order of evaluation. */
  readonly policies: readonly CompiledPolicy[];
  /** First match only. `ambiguous`: policies of equal order that disagree leave the verdict open. */
  readonly ties?: 'in-order' | 'ambiguous' | 'deny-first';
  /** Pods that are alike but for their nodes may be selected by other policies. */
  readonly selectsByNode?: boolean;
  /**
   * When no rule matched: `deny` and `allow` end, `next` goes on. `selected`: some policy of the stage may apply to the
   * end; `isolated`: some that isolates does.
   */
  unmatched(
    state: { readonly selected: Truth; readonly isolated: Truth },
    question: Question,
  ): Unmatched;
};

export type Unmatched = {
  readonly outcomes: readonly {
    readonly outcome: 'allow' | 'deny' | 'next';
    readonly reason: Reason;
    /** There when more than one outcome is possible. */
    readonly missing?: MissingFact;
    /** Rules that were asked apart from those of the stage, and decided. */
    readonly rules?: readonly { readonly policy: CompiledPolicy; readonly rule: Rule }[];
  }[];
};

/** As the conformance cases name them (shared/conformance/README.md). */
export type Reason =
  | 'no-policy'
  | 'no-match'
  | 'rule-allow'
  | 'rule-deny'
  | 'default-deny'
  | 'tier-default-deny'
  | 'profile-allow'
  | 'l7-deny'
  | 'enforcement-never'
  | 'own-node'
  | 'auth-failed'
  | 'varies'
  | 'insufficient-data'
  | 'peer-unknown'
  | 'l7-unknown'
  | 'auth-unknown'
  | 'ambiguous'
  | 'protocol-unspecified'
  | 'loopback-unspecified'
  | 'version-dependent';

/** How one kind of cluster decides. */
export type DataplaneRules = {
  /** Families that it enforces; objects of others are listed as present and not enforced. */
  readonly enforces: (family: Family, settings: DataplaneSettings) => boolean;
  /**
   * What decides before policies: `not-subject` (outside address, host network), own node, enforcement off. Several
   * outcomes, or an `undetermined` one, where the facts or the documents leave it open; `undefined`: the stages decide.
   */
  before(question: Question): Before | undefined;
  stages(policies: readonly CompiledPolicy[], world: World): readonly Stage[];
};

export type Before =
  | { readonly outcome: 'not-subject' }
  | { readonly outcome: 'allow' | 'deny'; readonly reason: Reason }
  | { readonly outcome: 'undetermined'; readonly reason: Reason; readonly missing: MissingFact }
  /** Open, but harmless where the stages allow as well: the verdict is that of the stages or `allow`. */
  | { readonly outcome: 'maybe-allow'; readonly reason: Reason; readonly missing: MissingFact };

/** What a dialect reads from one manifest. A fault means that a cluster would refuse it: it is not evaluated. */
export type ParsedPolicy =
  | { readonly ok: true; readonly policies: readonly CompiledPolicy[] }
  | { readonly ok: false; readonly faults: readonly ManifestFault[] };

export type PolicyDialect = {
  readonly family: Family;
  /** `apiVersion/kind` without the version where all versions are read alike: `networking.k8s.io/NetworkPolicy`. */
  readonly kinds: readonly string[];
  parse(manifest: Manifest, references: References): ParsedPolicy;
};
