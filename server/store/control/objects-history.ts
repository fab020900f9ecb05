import type { Coverage, HowSeen, ObjectKey, SeenObject } from '../../core/inventory.ts';
import type { EpochNanos } from '../../core/time.ts';

/** What the column `until_at` holds while an object is there. */
export const STILL_THERE = 2n ** 63n - 1n;

export type ObjectChange =
  | {
      readonly kind: 'present';
      readonly object: SeenObject;
      readonly at: EpochNanos;
      readonly how: HowSeen;
    }
  | { readonly kind: 'gone'; readonly key: ObjectKey; readonly at: EpochNanos };

/** A version as the file has it; its manifest is not unpacked yet. */
export type StoredVersion = {
  readonly source: string;
  readonly key: ObjectKey;
  readonly hash: string;
  readonly body: Buffer;
  readonly from: EpochNanos;
  readonly until: EpochNanos | undefined;
  readonly how: HowSeen;
};

/** Versions of objects from first seen to gone. All calls block; what they change is on disk when they return. */
export type ObjectHistory = {
  /** Writes all changes of one source or none. An object that is as it was makes no version. */
  record(source: string, changes: readonly ObjectChange[]): void;
  /** What a source told last, from this run or from those before. */
  open(source: string): readonly StoredVersion[];
  /** Every version that was in force at a time, of all sources. */
  at(time: EpochNanos): readonly StoredVersion[];
  /** Newest first. */
  of(key: ObjectKey): readonly StoredVersion[];
  /** Moves on the last span of its source and kind where the one given touches it, or begins another. */
  cover(spans: readonly Coverage[]): void;
  /** Until when a source told anything; `undefined` where it never did. */
  coveredUntil(source: string): EpochNanos | undefined;
  /** Ends what other sources said is there at the time until which they told it: nobody would ever say that it went. */
  retire(running: readonly string[]): void;
  /** Spans that hold a time. */
  coverageAt(time: EpochNanos): readonly Coverage[];
  /** Removes some of what is past retention, oldest first; answers how many versions, 0 when nothing is left to do. */
  prune(retention: ObjectRetention): number;
};

export type ObjectRetention = {
  /** Versions that ended before go. */
  readonly before: EpochNanos;
  /** The same for kinds that churn. */
  readonly churningBefore: EpochNanos;
  /** Most ended versions of these that are kept, whatever their age. */
  readonly maxChurning: number;
};
