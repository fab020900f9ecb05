import { compileQuery, type Condition } from '../../query/compile.ts';
import type { FlowQuery } from '../flow-store.ts';
import type { Block } from '../../columns/block.ts';
import { rowsOf, type BlockHeader, type Catalog, type OpenedBlock } from './catalog.ts';
import { evaluate, rowsWithin } from '../../columns/evaluate.ts';
import { bound } from './bound.ts';
import { createSlices } from './turns.ts';

/** Rows of one block that match; at least the columns of the condition are decoded by now. */
export type Matches = {
  readonly header: BlockHeader;
  readonly opened: OpenedBlock;
  /** Rows of `opened.block` to look at: `from` belongs to it, `to` does not. */
  readonly from: number;
  readonly to: number;
  /** A byte for each row of the block, 1 where it matches; `undefined` when all of `from` to `to` do. */
  readonly rows: Uint8Array | undefined;
};

export type WalkOptions = {
  readonly order: 'newest' | 'oldest';
  /** Only flows behind this sequence number, in the order of the walk. */
  readonly after?: number | undefined;
  readonly signal?: AbortSignal | undefined;
};

/**
 * Goes through the blocks that are committed now, block by block, and yields those that may hold matches.
 * Between blocks the event loop gets its turn; commits, merges and pruning meanwhile do no harm.
 */
export async function* walk(
  catalog: Catalog,
  query: FlowQuery,
  { order, after, signal }: WalkOptions,
): AsyncGenerator<Matches, void, undefined> {
  const condition = compileQuery(query.where);
  const lowest = order === 'oldest' ? (after ?? 0) + 1 : 1;
  const highest = Math.min(
    query.asOf ?? Infinity,
    order === 'newest' && after !== undefined ? after - 1 : Infinity,
  );
  const headers = catalog.headers();
  const turns = createSlices();
  signal?.throwIfAborted();
  for (let step = 0; step < headers.length; step++) {
    const header = headers[order === 'oldest' ? step : headers.length - 1 - step];
    if (header === undefined || header.firstSeq > highest || header.lastSeq < lowest) continue;
    const within = timeBound(header, query);
    if (within === 'none' || bound(condition, header) === 'none') continue;
    const opened = catalog.open(header);
    if (opened === undefined) continue;
    const { firstRow } = opened;
    const from = firstRow + Math.max(0, lowest - header.firstSeq);
    const to = firstRow + Math.min(rowsOf(header), highest - header.firstSeq + 1);
    const rows = matchingRows(condition, query, within, opened.block);
    if (rows !== 'none') {
      yield { header, opened, from, to, rows: rows === 'all' ? undefined : rows };
    }
    if (await turns.give()) signal?.throwIfAborted();
  }
}

function timeBound(header: BlockHeader, { within }: FlowQuery): 'all' | 'none' | 'some' {
  if (within === undefined) return 'all';
  const { from, to } = within;
  if (from !== undefined && header.maxObserved < from) return 'none';
  if (to !== undefined && header.minObserved >= to) return 'none';
  const inside =
    (from === undefined || header.minObserved >= from) &&
    (to === undefined || header.maxObserved < to);
  return inside ? 'all' : 'some';
}

function matchingRows(
  condition: Condition,
  { within }: FlowQuery,
  timed: 'all' | 'some',
  block: Block,
): Uint8Array | 'all' | 'none' {
  if (timed === 'all' || within === undefined) return evaluate(condition, block, undefined);
  const times = block.column('observedAt');
  if (times.kind !== 'times') throw new Error('observedAt is no column of times');
  const inside = rowsWithin(times.times, within);
  const matching = evaluate(condition, block, inside);
  return matching === 'all' ? inside : matching;
}
