import type { Manifest } from './manifest.ts';
import type { EpochNanos } from './time.ts';

/** How we came to know of a version: a cluster told it, a file held it, or flows let it be concluded. */
export type HowSeen = 'watched' | 'read' | 'inferred';

/** Which object it is, whatever its version. Texts are empty where there is nothing to name. */
export type ObjectKey = {
  /** Empty where nobody said. */
  readonly cluster: string;
  /** Without version; `projectcalico.org` also for what its CRDs call `crd.projectcalico.org`. */
  readonly apiGroup: string;
  readonly kind: string;
  /** Empty for what is cluster-wide; `default` where a file names none for a kind that has one. */
  readonly namespace: string;
  readonly name: string;
};

/** An object as it was seen, without what no policy depends on (`docs/inventory.md` lists what is left out). */
export type SeenObject = {
  readonly key: ObjectKey;
  readonly manifest: Manifest;
  /** Equal for equal manifests, in whatever order their fields stood. */
  readonly hash: string;
};

/** What an object was through a span of time. */
export type ObjectVersion = SeenObject & {
  /** Of the inventory source that told it. */
  readonly source: string;
  /** When it was first seen so, which may be long after it began: see `metadata.creationTimestamp`. */
  readonly from: EpochNanos;
  /** When it was seen changed or gone; `undefined` while it is there. */
  readonly until: EpochNanos | undefined;
  readonly how: HowSeen;
};

/** A span through which a source told all objects of one kind. */
export type Coverage = {
  readonly source: string;
  readonly cluster: string;
  /** By `kindName`, as everywhere where a kind stands alone. */
  readonly kind: string;
  readonly from: EpochNanos;
  /** What was last known of it; a running source moves it on every few seconds. */
  readonly until: EpochNanos;
};

/** All objects of a time. */
export type InventorySnapshot = {
  readonly at: EpochNanos;
  /** One version of each key: where several sources tell one object, what is watched beats what is read. */
  readonly objects: readonly ObjectVersion[];
  /** Spans that hold this time, by source and kind. Of what is missing here, `objects` has the last that was known. */
  readonly coverage: readonly Coverage[];
  /** Since when anything was covered without a break; `undefined`: nobody watched at that time. */
  readonly coveredSince: EpochNanos | undefined;
};

/** Objects of clusters and of their manifests, with their history. Throws `store-failed` where it cannot be read. */
export type Inventory = {
  asOf(at: EpochNanos): Promise<InventorySnapshot>;
  /** What is known now, of sources that run; it touches no disk. */
  current(): InventorySnapshot;
  /** All versions of one object that are kept, newest first, from every source. */
  versions(key: ObjectKey): Promise<readonly ObjectVersion[]>;
};

/** One text a key; no two keys share it, since none of its parts may hold a line break. */
export const keyText = ({ cluster, apiGroup, kind, namespace, name }: ObjectKey): string =>
  [cluster, apiGroup, kind, namespace, name].join('\n');

/** `Pod`, or `NetworkPolicy.projectcalico.org`, since two groups have a kind of that name. */
export const kindName = ({ kind, apiGroup }: Pick<ObjectKey, 'kind' | 'apiGroup'>): string =>
  apiGroup === '' ? kind : `${kind}.${apiGroup}`;

/** Kinds (by `kindName`) whose objects come and go as pods do; their history is kept for a shorter time. */
export const CHURNING_KINDS: ReadonlySet<string> = new Set([
  'Pod',
  'EndpointSlice.discovery.k8s.io',
  'Job.batch',
]);

export type InventorySourceKind = 'kubernetes' | 'manifests' | 'demo';

export type InventoryState = 'connecting' | 'reading' | 'retrying';

/** A kind that a source does not tell, and why. */
export type SkippedKind = { readonly kind: string; readonly reason: string };

/** An object that a source holds and that no cluster would take; the rest is read all the same. */
export type InvalidObject = {
  /** File and line, such as `policies/shop.yaml:12`, or the name of the object. */
  readonly where: string;
  readonly reason: string;
};

/** Sources shows no more of them. */
export const MAX_INVALID = 100;

/** What Sources shows of one inventory source. */
export type InventoryStatus = {
  readonly name: string;
  readonly kind: InventorySourceKind;
  readonly cluster: string;
  /** Address or path. */
  readonly target: string;
  readonly state: InventoryState;
  readonly stateSince: EpochNanos;
  /** What is wrong, and what to do; empty when all is well. */
  readonly detail: string;
  readonly retryAt: EpochNanos | undefined;
  readonly lastEventAt: EpochNanos | undefined;
  readonly objects: readonly { readonly kind: string; readonly count: number }[];
  readonly skipped: readonly SkippedKind[];
  readonly invalid: readonly InvalidObject[];
  /** Objects of kinds that say nothing of the network. */
  readonly ignored: number;
};

/** What a source tells of itself as it runs; the keeper adds what it counts. */
export type InventoryNews = Pick<
  InventoryStatus,
  'state' | 'detail' | 'retryAt' | 'skipped' | 'invalid' | 'ignored'
>;

/** Where a source puts what it sees. Calls return at once; `at` is the time of the event. */
export type InventorySink = {
  /** All objects of a kind: those not among them are gone. */
  listed(kind: string, objects: readonly SeenObject[], at: EpochNanos): void;
  /** The source has no object of a kind of which it need not have all, as files need not: that is no knowledge. */
  absent(kind: string, at: EpochNanos): void;
  changed(object: SeenObject, at: EpochNanos): void;
  gone(key: ObjectKey, at: EpochNanos): void;
  /** The source no longer hears of this kind, for now; what is known of it stays. */
  lost(kind: string): void;
  /** It hears of it again, and was told what it missed. */
  heard(kind: string): void;
  news(news: Partial<InventoryNews>): void;
};

export type InventorySource = {
  readonly name: string;
  readonly kind: InventorySourceKind;
  readonly cluster: string;
  readonly target: string;
  readonly how: HowSeen;
  /** Tells until the signal aborts, through every failure that passes. */
  run(sink: InventorySink, signal: AbortSignal): Promise<void>;
};

/** One inventory source, whichever way it was configured. */
export type InventorySetting =
  | {
      readonly kind: 'kubernetes';
      /** Path; absent means the user's. */
      readonly kubeconfig?: string | undefined;
      /** Of the kubeconfig, or `in-cluster`; absent means the current one. */
      readonly context?: string | undefined;
      readonly cluster?: string | undefined;
    }
  | {
      readonly kind: 'manifests';
      /** A directory, a file or an archive. */
      readonly path: string;
      readonly cluster?: string | undefined;
    };
