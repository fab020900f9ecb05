import { AppError } from '../../core/errors.ts';
import type { Flow, FlowBatch, Gap } from '../../core/flow.ts';
import { NANOS_PER_SECOND } from '../../core/time.ts';
import { valueAt } from '../../columns/block.ts';
import type { BlockHeader, BlockSet } from './block-set.ts';
import type { Catalog } from './catalog.ts';
import { piecesOf } from './pieces.ts';

/**
 * Finds flows that a resumed stream tells again. A run begins when a source asks where to resume, and ends
 * with its first batch that cannot repeat. Within a run each stored flow excuses one repeat only, so equal
 * records that one connection tells are all kept, and what the run itself stored excuses nothing.
 */
export type Repeats = {
  /** The flows and gaps of a batch that are new. If they are not committed then, the run must be restarted. */
  fresh(batch: FlowBatch): Fresh;
  /** Forgets the run of a source: it resumes, or a commit failed. */
  restart(origin: string): void;
};

export type Fresh = { readonly flows: readonly Flow[]; readonly gaps: readonly Gap[] };

/**
 * A record without a time got that of its receipt, so its first telling is only known to be recent, where the
 * batch does not say since when.
 */
const RECEIPT_LOOKBACK = 3_600n * NANOS_PER_SECOND;

const END_OF_TIME = 2n ** 63n - 1n;

type Run = {
  /**
   * Flows observed since then are counted in `stored`. What the run itself stored was observed since then too,
   * so when the run reaches further back, none of it is counted.
   */
  from: bigint;
  /** How often each id is stored and not yet told again. */
  readonly stored: Map<string, number>;
  /** The same of gaps, which have no id but all that they say. */
  readonly gaps: Map<string, number>;
};

export function createRepeats(
  catalog: Catalog,
  gapsOf: (origin: string) => readonly Gap[],
): Repeats {
  const runs = new Map<string, Run>();

  const count = (run: Run, origin: string, from: bigint, to: bigint | undefined) => {
    const view = catalog.view();
    const everything = { low: 1, high: view.head };
    for (const { set, header, low, high } of piecesOf(catalog, view, everything, 'all')) {
      if (header.maxObserved < from) continue;
      if (to !== undefined && header.minObserved >= to) continue;
      const opened = openColumns(set, header);
      if (opened === undefined) continue;
      const { times, ids, origins } = opened;
      if (times.kind !== 'times') throw new Error('observedAt is no column of times');
      const end = opened.rowFrom(high + 1);
      for (let row = opened.rowFrom(low); row < end; row++) {
        const time = times.times[row] ?? 0n;
        if (time < from || (to !== undefined && time >= to)) continue;
        if (valueAt(origins, row) !== origin) continue;
        const id = String(valueAt(ids, row));
        add(run.stored, id, 1);
      }
    }
  };

  /** The run of a source, with everything counted that may equal a flow of this batch. */
  const reach = (batch: FlowBatch): Run => {
    const { origin } = batch;
    const from = earliest(batch);
    let run = runs.get(origin);
    if (run === undefined) {
      run = { from, stored: new Map(), gaps: new Map() };
      for (const gap of gapsOf(origin)) add(run.gaps, gapKey(gap), 1);
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
        return batch;
      }
      if (batch.flows.length === 0 && batch.gaps.length === 0) return batch;
      const run = reach(batch);
      return {
        flows: batch.flows.filter(
          (flow) => !mayRepeat(flow, batch) || !excuse(run.stored, flow.id),
        ),
        gaps: batch.gaps.filter((gap) => !excuse(run.gaps, gapKey(gap))),
      };
    },
    restart: (origin) => void runs.delete(origin),
  };
}

/** `undefined` for a block that is gone or damaged: what a source tells again of that is stored again. */
function openColumns(set: BlockSet, header: BlockHeader) {
  try {
    const opened = set.open(header);
    if (opened === undefined) return undefined;
    const { block, rowFrom } = opened;
    const column = block.column;
    return {
      rowFrom,
      times: column('observedAt'),
      ids: column('id'),
      origins: column('origin'),
    };
  } catch (error) {
    if (error instanceof AppError && error.code === 'store-damaged') return undefined;
    throw error;
  }
}

/** A clock that is years behind must not have all of the store searched. */
const mayRepeat = ({ observedAt, timeFrom }: Flow, { repeatsFrom }: FlowBatch): boolean =>
  repeatsFrom === undefined || timeFrom === 'receipt' || observedAt >= repeatsFrom;

/** Where no flow can repeat the end of time: none of the stored ones can be meant. */
function earliest(batch: FlowBatch): bigint {
  const { toldSince } = batch;
  let from: bigint = END_OF_TIME;
  for (const flow of batch.flows) {
    if (!mayRepeat(flow, batch)) continue;
    const { observedAt, timeFrom } = flow;
    const time = timeFrom === 'receipt' ? (toldSince ?? observedAt - RECEIPT_LOOKBACK) : observedAt;
    if (time < from) from = time;
  }
  return from;
}

const gapKey = ({ kind, node, from, to, count, reason }: Gap): string =>
  [kind, node, from, to, count, reason].join('|');

function add(counts: Map<string, number>, key: string, more: number): void {
  counts.set(key, (counts.get(key) ?? 0) + more);
}

/** Whether a telling is one that was stored before; each stored one excuses one. */
function excuse(counts: Map<string, number>, key: string): boolean {
  const left = counts.get(key) ?? 0;
  if (left === 0) return false;
  if (left === 1) counts.delete(key);
  else counts.set(key, left - 1);
  return true;
}
