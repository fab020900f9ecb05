/** What goes over the live socket. Types only: the page imports this file and contract.ts, and nothing else of http. */
import type { VerdictKind } from '../core/verdict.ts';
import type { DropGroupJson, FlowJson, GapJson, Problem } from './contract.ts';

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
