import type { CommittedBlock } from '../columns/block.ts';
import type { DropGroup } from '../core/drop-groups.ts';
import type { Gap, StoredFlow } from '../core/flow.ts';
import type { VerdictKind } from '../core/verdict.ts';
import type { Condition } from '../query/compile.ts';

/** What a subscriber takes away at once. */
export type LiveDelivery = {
  /** In commit order. All drops that the ring could hold, allowed ones thinned to the asked rate. */
  readonly flows: readonly StoredFlow[];
  /**
   * Drop groups that changed since the last delivery, counted since the subscription began; never lost, however
   * slow the subscriber.
   */
  readonly groups: readonly DropGroup[];
  /** Sequence number up to which the counts of all groups are complete; 0 before the first flow. */
  readonly head: number;
  /** Dropped packets since the last delivery, counted as groups count them. */
  readonly drops: number;
  /**
   * Matching events since the last delivery by verdict, exact, whether their rows were delivered or not. One record
   * may stand for many.
   */
  readonly counts: Readonly<Record<VerdictKind, number>>;
  /** The records that tell of them. */
  readonly records: Readonly<Record<VerdictKind, number>>;
  /** Events. */
  readonly byOrigin: Readonly<Record<string, number>>;
  readonly gaps: readonly Gap[];
  /** Matching dropped flows whose rows the ring could not hold. Their groups and counts are complete. */
  readonly dropRowsLost: number;
  /** Matching flows among all that is counted above that were told and could not be stored. */
  readonly unstored: number;
  /** Flows, matching or not, that were stored and of which nothing was told: nothing above counts them. */
  readonly untold: number;
};

export type LiveSubscription = Disposable & {
  /** Empties the subscription. Rows that were not asked for are dropped, and dropped ones of them counted. */
  take(options: { readonly rows: 'all' | 'drops' | 'none' }): LiveDelivery;
};

/** A commit as it is told to viewers. */
export type LiveCommit = {
  /** Newest flow after the commit. */
  readonly head: number;
  readonly blocks: readonly CommittedBlock[];
  readonly gaps: readonly Gap[];
  /** Flows of the commit that are not in `blocks`. */
  readonly untold: number;
  /**
   * The store could not take these flows, and `head` stays where it was. They have no sequence number: rows carry
   * fractions between `head` and the next one, in order, which no stored flow ever has.
   */
  readonly unstored?: true;
};

export type LiveQuery = {
  /** Subscriptions with equal text are matched once; `condition` is what it compiles to. */
  readonly text: string;
  readonly condition: Condition;
};

/** What viewers were not given since this process began, summed over all of them. */
export type LiveLosses = {
  /** Matching rows that are not drops and were left out. Their counts were told. */
  readonly rowsShed: number;
  /** Matching drops whose rows were left out. Their groups and counts were told. */
  readonly dropRowsLost: number;
  /** Stored flows of which no viewer was told anything; not summed over viewers. */
  readonly untold: number;
};

export type LiveHub = {
  /** Never waits and never throws: a slow subscriber gets fewer rows, and is told. */
  readonly publish: (commit: LiveCommit) => void;
  subscribe(
    query: LiveQuery,
    options: {
      /** Rows kept until the next `take`. */
      readonly capacity: number;
      /** Allowed rows a second; a conversation is kept or thinned as a whole. */
      readonly allowedPerSecond: number;
    },
  ): LiveSubscription;
  readonly subscribers: number;
  readonly losses: LiveLosses;
  /** Newest flow that was published. */
  readonly head: number;
};
