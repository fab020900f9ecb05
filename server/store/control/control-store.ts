import type { DropMark } from '../../core/drop-state.ts';
import type { EpochNanos } from '../../core/time.ts';
import type { EvaluatedHits } from './evaluated-hits.ts';
import type { ObjectHistory } from './objects-history.ts';

/** A question that a person gave a name. The texts are those of an address. */
export type SavedView = {
  /** Chosen by whoever saves it first. */
  readonly id: string;
  readonly name: string;
  /** Canonical text. */
  readonly query: string;
  readonly t: string;
  /** Column names with commas between; empty: the screen's own. */
  readonly cols: string;
  readonly sort: string;
  readonly shared: boolean;
  readonly createdAt: EpochNanos;
  readonly updatedAt: EpochNanos;
};

/**
 * What people decide and what clusters hold, kept beside the flows whatever engine those are in. What people decide is
 * small and seldom written, so those calls answer at once. Each call throws an AppError `store-failed` where the file
 * cannot be used: flows are shown without it.
 */
export type ControlStore = Disposable & {
  /** What a person should know of the file: that it was damaged, and a new one begun. */
  readonly notice: string | undefined;
  /** All of them, also those that have ended. */
  marks(): readonly DropMark[];
  /** Sets the mark of its group, in place of the one it had. Marks that ended by then are forgotten. */
  saveMark(mark: DropMark): void;
  /** Answers whether there was one. */
  removeMark(key: string): boolean;
  /** In the order of their names. */
  views(): readonly SavedView[];
  /** Adds a view, or changes the one of that id, which keeps its `createdAt`. Answers with what is kept. */
  saveView(view: SavedView): SavedView;
  /** Answers whether there was one. */
  removeView(id: string): boolean;
  /** Policies, pods and what else the inventory sources tell. */
  readonly objects: ObjectHistory;
  /** Hits that no record names. */
  readonly evaluated: EvaluatedHits;
};
