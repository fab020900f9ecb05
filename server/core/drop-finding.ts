import type { DropCheckId } from './drop-advice/entry.ts';

/** What one check found among the stored flows around a drop. */
export type DropFinding = {
  readonly check: DropCheckId;
  /**
   * `shown`: stored flows show it. `likely`: they point to it, and something else could look the same. `not-seen`: they
   * hold nothing of the kind, which is no proof where not every flow was recorded.
   */
  readonly strength: 'shown' | 'likely' | 'not-seen';
  readonly finding: string;
  /** Sequence numbers of the flows that it rests on. */
  readonly evidence: readonly number[];
};
