import type { Flow } from '../../core/flow.ts';
import { valueAt } from '../../columns/block.ts';
import { flowAt } from './block-set.ts';
import { prepareDrops, type BlockWriter } from './block-writer.ts';
import type { Catalog } from './catalog.ts';
import type { Connection } from './database.ts';
import { isDenied } from './denied.ts';
import { piecesIn } from './pieces.ts';

/** Blocks of everything that are read at once. */
const BLOCKS_A_STEP = 4;

/**
 * Copies denied flows of before the drops set existed into it, the newest first, each step in a transaction of its
 * own. Answers whether there is more to do.
 */
export type Backfill = () => Promise<boolean>;

export function createBackfill(db: Connection, catalog: Catalog, writer: BlockWriter): Backfill {
  const saveDropsAfter = db.prepare('UPDATE store SET drops_after = ?, revision = revision + 1');
  return async () => {
    const dropsAfter = catalog.dropsAfter();
    if (dropsAfter === 0) return false;
    const span = { low: 1, high: dropsAfter };
    const pieces = piecesIn(catalog.all, catalog.all.headers(), span).slice(-BLOCKS_A_STEP);
    const flows: Flow[] = [];
    const seqs: number[] = [];
    const rawOf = catalog.all.rawReader();
    for (const { header, low, high } of pieces) {
      const opened = catalog.all.open(header);
      if (opened === undefined) throw new Error(`block ${header.firstSeq} is missing`);
      const verdict = opened.block.column('verdict');
      const hits = opened.block.column('hits');
      const end = opened.rowFrom(high + 1);
      for (let row = opened.rowFrom(low); row < end; row++) {
        // Columns hold what `encodeFlows` read from the flow's property of the same name.
        const denied = isDenied({
          verdict: valueAt(verdict, row) as Flow['verdict'],
          hits: valueAt(hits, row) as Flow['hits'],
        });
        if (!denied) continue;
        const flow = flowAt(opened, row);
        const raw = rawOf(flow.seq);
        if (raw === undefined) throw new Error(`flow ${flow.seq} has no record`);
        flows.push({ ...flow, raw });
        seqs.push(flow.seq);
      }
    }
    const rest = (pieces[0]?.low ?? 1) - 1;
    const block = flows.length === 0 ? undefined : await prepareDrops(flows, seqs);
    db.transaction(() => {
      if (block !== undefined) {
        writer.insert(block.header, block.columns);
        writer.insertRaw(block.raw);
      }
      saveDropsAfter.run(rest);
    }).immediate();
    if (block !== undefined) catalog.drops.replace([block.header, ...catalog.drops.headers()]);
    catalog.setDropsAfter(rest);
    return rest > 0;
  };
}
