import type { Flow, FlowBatch } from '../../core/flow.ts';
import type { EpochNanos } from '../../core/time.ts';
import type { Committed } from '../flow-store.ts';
import { prepareBlock, type BlockWriter } from './block-writer.ts';
import type { Catalog } from './catalog.ts';
import type { Connection } from './database.ts';
import type { Ledger } from './ledger.ts';
import type { PolicyRollup } from './policy-rollup.ts';
import type { Repeats } from './repeats.ts';

type CommitParts = {
  readonly db: Connection;
  readonly catalog: Catalog;
  readonly ledger: Ledger;
  readonly rollup: PolicyRollup;
  readonly repeats: Repeats;
  readonly writer: BlockWriter;
  readonly blockRows: number;
  readonly clock: () => EpochNanos;
};

export type Commit = (batch: FlowBatch) => Promise<Committed>;

/** Makes the function that stores a batch. Its calls must not overlap. */
export function createCommit(parts: CommitParts): Commit {
  const { db, catalog, ledger, rollup, repeats, writer, blockRows, clock } = parts;
  const saveHead = db.prepare('UPDATE store SET head = ?');

  const store = async (batch: FlowBatch): Promise<Committed> => {
    const { flows, gaps } = repeats.fresh(batch);
    const head = catalog.head();
    const blocks = await Promise.all(
      slices(flows, blockRows).map((slice) => prepareBlock(slice.flows, head + slice.start + 1)),
    );
    const newHead = head + flows.length;
    db.transaction(() => {
      for (const block of blocks) writer.insert(block);
      saveHead.run(newHead);
      rollup.add(batch.origin, flows);
      ledger.record({ ...batch, gaps }, flows, clock());
    }).immediate();
    catalog.setHead(newHead);
    catalog.replace([...catalog.headers(), ...blocks.map(({ header }) => header)]);
    return {
      flows,
      firstSeq: head + 1,
      blocks: blocks.map(({ header: { firstSeq }, plain }) => ({ firstSeq, columns: plain })),
      gaps,
    };
  };

  return async (batch) => {
    try {
      // Before the commit: a merge that fails must not make a batch look lost that is stored.
      await writer.merge();
      return await store(batch);
    } catch (error) {
      repeats.restart(batch.origin);
      throw error;
    }
  };
}

function slices(
  flows: readonly Flow[],
  rows: number,
): readonly { readonly start: number; readonly flows: readonly Flow[] }[] {
  return Array.from({ length: Math.ceil(flows.length / rows) }, (_, index) => ({
    start: index * rows,
    flows: flows.slice(index * rows, (index + 1) * rows),
  }));
}
