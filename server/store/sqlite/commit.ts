import type { Flow, FlowBatch } from '../../core/flow.ts';
import type { EpochNanos } from '../../core/time.ts';
import type { Committed } from '../flow-store.ts';
import { prepareBlock, prepareDrops } from './block-writer.ts';
import type { Catalog } from './catalog.ts';
import type { Connection } from './database.ts';
import { isDenied } from './denied.ts';
import type { Ledger } from './ledger.ts';
import type { Pairs } from './pairs.ts';
import type { PolicyRollup } from './policy-rollup.ts';
import type { Repeats } from './repeats.ts';
import type { Upkeep } from './upkeep.ts';
import type { WatchLedger } from './watch-ledger.ts';

type CommitParts = {
  readonly db: Connection;
  readonly catalog: Catalog;
  readonly ledger: Ledger;
  readonly watches: WatchLedger;
  readonly rollup: PolicyRollup;
  readonly pairs: Pairs;
  readonly repeats: Repeats;
  readonly upkeep: Upkeep;
  readonly blockRows: number;
  readonly clock: () => EpochNanos;
};

export type Commit = (batch: FlowBatch) => Promise<Committed>;

/** Makes the function that stores a batch. Its calls must not overlap. */
export function createCommit(parts: CommitParts): Commit {
  const { db, catalog, ledger, watches, rollup, pairs, repeats, upkeep, blockRows, clock } = parts;
  const { all: writer, drops: dropWriter } = upkeep.writers;
  const saveHead = db.prepare('UPDATE store SET head = ?');

  const prepare = async (flows: readonly Flow[], head: number) => {
    const blocks = slices(flows, blockRows).map((slice) =>
      prepareBlock(slice.items, head + slice.start + 1),
    );
    const denied = flows.flatMap((flow, row) =>
      isDenied(flow) ? [{ flow, seq: head + 1 + row }] : [],
    );
    const drops = slices(denied, blockRows).map(({ items }) =>
      prepareDrops(
        items.map(({ flow }) => flow),
        items.map(({ seq }) => seq),
      ),
    );
    return { blocks: await Promise.all(blocks), drops: await Promise.all(drops) };
  };

  const store = async (batch: FlowBatch): Promise<Committed> => {
    const { flows: told, gaps } = repeats.fresh(batch);
    const flows = pairs.mark(told);
    const head = catalog.head();
    const { blocks, drops } = await prepare(flows, head);
    const newHead = head + flows.length;
    db.transaction(() => {
      for (const { header, columns, raw } of blocks) {
        writer.insert(header, columns);
        writer.insertRaw(raw);
      }
      for (const { header, columns, raw } of drops) {
        dropWriter.insert(header, columns);
        dropWriter.insertRaw(raw);
      }
      saveHead.run(newHead);
      rollup.add(batch.origin, flows);
      pairs.save(head + 1);
      const now = clock();
      ledger.record({ ...batch, gaps }, flows, { firstSeq: head + 1, now });
      watches.record({ ...batch, gaps }, flows, now);
    }).immediate();
    catalog.setHead(newHead);
    for (const [set, added] of [
      [catalog.all, blocks],
      [catalog.drops, drops],
    ] as const) {
      if (added.length > 0) set.replace([...set.headers(), ...added.map(({ header }) => header)]);
      for (const { header, encoded } of added) upkeep.recent[set.name].keep(header, encoded);
    }
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
      await upkeep.run();
      rollup.pack();
      return await store(batch);
    } catch (error) {
      repeats.restart(batch.origin);
      pairs.forget();
      throw error;
    }
  };
}

function slices<T>(
  items: readonly T[],
  rows: number,
): readonly { readonly start: number; readonly items: readonly T[] }[] {
  return Array.from({ length: Math.ceil(items.length / rows) }, (_, index) => ({
    start: index * rows,
    items: items.slice(index * rows, (index + 1) * rows),
  }));
}
