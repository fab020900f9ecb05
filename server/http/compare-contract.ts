import type { CompletenessJson } from './contract.ts';

/** What one window of a comparison says of a group. */
type FiguresJson = {
  readonly records: number;
  readonly events: number;
  /** Events an hour. */
  readonly perHour: number;
  readonly firstAt: string | null;
  readonly lastAt: string | null;
};

type ComparedWindowJson = {
  readonly range: { readonly from: string; readonly to: string };
  readonly records: number;
  readonly events: number;
  readonly perHour: number;
  readonly completeness: CompletenessJson;
};

/**
 * `GET /api/v1/compare?q=&t=&with=&by=&top=`: `t` (`current`) against `with` (`baseline`, the time of the same length
 * right before unless told). Both are counted up to the flow `head`.
 */
export type CompareResponse = {
  readonly by: readonly string[];
  readonly q: string;
  /** Groups that differ, the greatest difference of rates first. */
  readonly rows: readonly {
    readonly keys: readonly string[];
    /** `undecided`: in the other window it was not told apart from many others, or was not there. */
    readonly change: 'new' | 'gone' | 'changed' | 'undecided';
    readonly current: FiguresJson | null;
    readonly baseline: FiguresJson | null;
    /** Rate now by rate then; null where one of them is not there, or was 0. */
    readonly ratio: number | null;
  }[];
  /** Groups of each kind, with those that `top` left out; `same` ones have no row. */
  readonly changes: Readonly<Record<'new' | 'gone' | 'changed' | 'same' | 'undecided', number>>;
  readonly current: ComparedWindowJson;
  readonly baseline: ComparedWindowJson;
  readonly head: number;
};
