import type { Flow, FlowBatch } from '../../core/flow.ts';
import { NANOS_PER_SECOND } from '../../core/time.ts';
import { valueAt } from './block.ts';
import { rowsOf, type Catalog } from './catalog.ts';

/**
 * Finds flows that a resumed stream tells again. A run begins when a source asks where to resume, and ends
 * with its first batch that cannot repeat. Within a run each stored flow excuses one repeat only, so equal
 * records that one connection tells are all kept, and what the run itself stored excuses nothing.
 */
export type Repeats = {
  /** The flows of a batch that are new. If they are not committed then, the run must be restarted. */
  fresh(batch: FlowBatch): readonly Flow[];
  /** Forgets the run of a source: it resumes, or a commit failed. */
  restart(origin: string): void;
};

/** A record without a time got that of its receipt, so its first telling is only known to be recent. */
const RECEIPT_LOOKBACK = 3_600n * NANOS_PER_SECOND;

type Run = {
  /**
   * Flows observed since then are counted in `stored`. What the run itself stored was observed since then too,
   * so when the run reaches further back, none of it is counted.
   */
  from: bigint;
  /** How often each id is stored and not yet told again. */
  readonly stored: Map<string, number>;
};

export function createRepeats(catalog: Catalog): Repeats {
  const runs = new Map<string, Run>();

  const count = (run: Run, origin: string, from: bigint, to: bigint | undefined) => {
    for (const header of catalog.headers()) {
      if (header.maxObserved < from) continue;
      if (to !== undefined && header.minObserved >= to) continue;
      const opened = catalog.open(header);
      if (opened === undefined) continue;
      const times = opened.block.column('observedAt');
      const ids = opened.block.column('id');
      const origins = opened.block.column('origin');
      if (times.kind !== 'times') throw new Error('observedAt is no column of times');
      const rows = rowsOf(header);
      for (let row = opened.firstRow; row < opened.firstRow + rows; row++) {
        const time = times.times[row] ?? 0n;
        if (time < from || (to !== undefined && time >= to)) continue;
        if (valueAt(origins, row) !== origin) continue;
        const id = String(valueAt(ids, row));
        run.stored.set(id, (run.stored.get(id) ?? 0) + 1);
      }
    }
  };

  /** The run of a source, with everything counted that may equal a flow of this batch. */
  const reach = ({ origin, flows }: FlowBatch): Run => {
    const from = earliest(flows);
    let run = runs.get(origin);
    if (run === undefined) {
      run = { from, stored: new Map() };
      runs.set(origin, run);
      count(run, origin, from, undefined);
    } else if (from < run.from) {
      count(run, origin, from, run.from);
      run.from = from;
    }
    return run;
  };

  return {
    fresh(batch) {
      if (!batch.mayRepeat) {
        runs.delete(batch.origin);
        return batch.flows;
      }
      if (batch.flows.length === 0) return batch.flows;
      const run = reach(batch);
      return batch.flows.filter(({ id }) => {
        const left = run.stored.get(id) ?? 0;
        if (left === 0) return true;
        if (left === 1) run.stored.delete(id);
        else run.stored.set(id, left - 1);
        return false;
      });
    },
    restart: (origin) => void runs.delete(origin),
  };
}

function earliest(flows: readonly Flow[]): bigint {
  let from: bigint = flows[0]?.observedAt ?? 0n;
  for (const { observedAt, timeFrom } of flows) {
    const time = timeFrom === 'receipt' ? observedAt - RECEIPT_LOOKBACK : observedAt;
    if (time < from) from = time;
  }
  return from;
}
