import type { EpochNanos } from './time.ts';

/** Who is at one end of an edge. Pods are folded to what owns them. */
export type EdgeEnd =
  | {
      readonly kind: 'workload';
      readonly cluster: string;
      readonly namespace: string;
      /** The pod's own name where nothing owns it. */
      readonly workload: string;
      /** `Deployment`, `CronJob`, …; empty where it is not known. */
      readonly workloadKind: string;
    }
  /** The nodes of a cluster, kubelets among them. */
  | { readonly kind: 'node'; readonly cluster: string }
  /** Known by a word of its own: `kube-apiserver`, `ingress`, `health`, … */
  | { readonly kind: 'entity'; readonly cluster: string; readonly entity: string }
  /** Outside, by the DNS name that was asked for. */
  | { readonly kind: 'name'; readonly name: string }
  /** Outside, or nobody could name it. */
  | { readonly kind: 'address'; readonly ip: string };

/** Of whom a connection is known: who opened it, or where it arrived; both where each side reported it. */
export type SeenAt = 'egress' | 'ingress' | 'both' | 'unknown';

/** How often an edge is used. `once`: in one stretch of a few hours only. */
export type Rhythm = 'continuous' | 'daily' | 'weekly' | 'irregular' | 'once';

/** Everything that was recorded from one end to another on one port, whoever reported it; replies count with it. */
export type Edge = {
  /** Stable text of both ends, protocol and port. */
  readonly id: string;
  readonly source: EdgeEnd;
  readonly destination: EdgeEnd;
  /** Lower case; empty when unknown. */
  readonly protocol: string;
  /** At the server; -1 where there is none. */
  readonly port: number;
  readonly seenAt: SeenAt;
  /** Connections or events, counted on the side that reported more, so that two reporters do not count twice. */
  readonly events: { readonly allowed: number; readonly denied: number; readonly audited: number };
  readonly firstAt: EpochNanos;
  readonly lastAt: EpochNanos;
  readonly rhythm: Rhythm;
  /** Sequence number of the newest flow of it. */
  readonly example: number;
};
