import type { DropGroup } from '../core/drop-groups.ts';
import type { DropHistory } from '../core/drop-state.ts';
import type { TimeWindow } from '../core/time.ts';

/** What is told of the drops of a window. */
export type DropCountOptions = {
  readonly within: TimeWindow;
  /** Groups told one by one; the rest is folded. */
  readonly top: number;
  /** Equal buckets of `series`; none unless told. */
  readonly buckets?: number;
  /** Whether to look up when the groups were dropped outside of the window too. */
  readonly withHistory?: boolean;
  readonly signal?: AbortSignal;
};

export type CountedDropGroup = DropGroup & {
  /** Its count per bucket. What of an aggregate lies outside of the window is in `count` only. */
  readonly series: readonly number[];
  /** Over all drops that are kept; `undefined` when nobody asked, or it is not known yet. */
  readonly history: DropHistory | undefined;
};

/** Dropped flows that match, grouped and counted as `core/drop-groups.ts` says. */
export type DropGroups = {
  /** The one whose last record was committed last first. */
  readonly groups: readonly CountedDropGroup[];
  /** What `top` left out; with `groups` the exact total. */
  readonly others: { readonly groups: number; readonly count: number };
  readonly head: number;
};
