import type { EncodedBlock } from '../../columns/encoded-block.ts';
import type { BlockHeader } from './block-set.ts';

/** Small blocks as they were encoded, so that a merge need not read back and take apart what was just written. */
export type RecentBlocks = {
  keep(header: BlockHeader, block: EncodedBlock): void;
  /** `undefined` where it was written by an earlier process, or is forgotten. */
  get(header: BlockHeader): EncodedBlock | undefined;
  forget(headers: readonly BlockHeader[]): void;
};

/** Keeps blocks of at most `maxRows` rows together; the oldest go first. */
export function createRecentBlocks(maxRows: number): RecentBlocks {
  const kept = new Map<number, EncodedBlock>();
  let rows = 0;
  const remove = (firstSeq: number): void => {
    rows -= kept.get(firstSeq)?.rows ?? 0;
    kept.delete(firstSeq);
  };
  return {
    keep({ firstSeq }, block) {
      if (block.rows >= maxRows) return;
      remove(firstSeq);
      kept.set(firstSeq, block);
      rows += block.rows;
      for (const oldest of kept.keys()) {
        if (rows <= maxRows) return;
        remove(oldest);
      }
    },
    get(header) {
      const block = kept.get(header.firstSeq);
      return block?.rows === header.rows ? block : undefined;
    },
    forget(headers) {
      for (const { firstSeq } of headers) remove(firstSeq);
    },
  };
}
