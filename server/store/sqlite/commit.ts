import type { Flow, FlowBatch, StoredFlow } from '../../core/flow.ts';
import type { EpochNanos } from '../../core/time.ts';
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

export type Commit = (batch: FlowBatch) => Promise<readonly StoredFlow[]>;

/** Makes the function that stores a batch. Its calls must not overlap. */
export function createCommit(parts: CommitParts): Commit {
  const { db, catalog, ledger, rollup, repeats, writer, blockRows, clock } = parts;
  const saveHead = db.prepare('UPDATE store SET head = ?');

  const store = async (batch: FlowBatch): Promise<readonly StoredFlow[]> => {
    const { flows: fresh, gaps } = repeats.fresh(batch);
    const head = catalog.head();
    const blocks = await Promise.all(
      slices(fresh, blockRows).map(({ start, flows }) => prepareBlock(flows, head + start + 1)),
    );
    const added = fresh.map((flow, row): StoredFlow => ({ ...flow, seq: head + row + 1 }));
    db.transaction(() => {
      for (const block of blocks) writer.insert(block);
      saveHead.run(head + added.length);
      rollup.add(batch.origin, added);
      ledger.record({ ...batch, gaps }, added, clock());
    }).immediate();
    catalog.setHead(head + added.length);
    catalog.replace([...catalog.headers(), ...blocks.map(({ header }) => header)]);
    return added;
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
