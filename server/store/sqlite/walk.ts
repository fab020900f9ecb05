import { compileQuery, type Condition } from '../../query/compile.ts';
import type { FlowQuery } from '../flow-store.ts';
import type { Block } from '../../columns/block.ts';
import type { BlockHeader, OpenedBlock } from './block-set.ts';
import type { Catalog } from './catalog.ts';
import { evaluate, rowsWithin } from '../../columns/evaluate.ts';
import { bound } from './bound.ts';
import { impliesDenied } from './denied.ts';
import { filterTest } from './filter.ts';
import { outside, piecesIn, piecesOf, type Piece, type Span } from './pieces.ts';
import { wideTest } from './wide-filter.ts';
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

/** A block that was looked at. */
export type Step = {
  readonly header: BlockHeader;
  /** `undefined` where none of its rows match. */
  readonly matches: Matches | undefined;
  /** Sequence number up to which, in the order of the walk, all flows were looked at. */
  readonly reached: number;
  /** Flows that are still to be looked at, without those that their block's time rules out. */
  readonly left: () => number;
};

export type WalkOptions = {
  readonly order: 'newest' | 'oldest';
  /** Only flows behind this sequence number, in the order of the walk. */
  readonly after?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Sequence numbers that are left out. */
  readonly except?: readonly Span[];
};

/**
 * Goes through the blocks that are committed now, block by block, and yields those that may hold matches.
 * Between blocks the event loop gets its turn; commits, merges and pruning meanwhile do no harm.
 */
export async function* walk(
  catalog: Catalog,
  query: FlowQuery,
  options: WalkOptions,
): AsyncGenerator<Matches, void, undefined> {
  for await (const { matches } of walkSteps(catalog, query, options)) {
    if (matches !== undefined) yield matches;
  }
}

/** The same, with the blocks in which nothing matches. */
export async function* walkSteps(
  catalog: Catalog,
  query: FlowQuery,
  { signal, ...options }: WalkOptions,
): AsyncGenerator<Step, void, undefined> {
  const turns = createSlices();
  signal?.throwIfAborted();
  for (const step of walkBlocks(catalog, query, options)) {
    yield step;
    if (await turns.give()) signal?.throwIfAborted();
  }
}

/** The same in one go, for whoever cannot wait. */
export function* walkBlocks(
  catalog: Catalog,
  query: FlowQuery,
  { order, after, except = [] }: Omit<WalkOptions, 'signal'>,
): Generator<Step, void, undefined> {
  const condition = compileQuery(query.where);
  const mayHold = filterTest(query.where);
  const view = catalog.view();
  const oldestFirst = order === 'oldest';
  const span = {
    low: oldestFirst ? (after ?? 0) + 1 : 1,
    high: Math.min(
      ...[view.head, query.asOf ?? Infinity],
      !oldestFirst && after !== undefined ? after - 1 : Infinity,
    ),
  };
  const leftOut = except.toSorted((a, b) => a.low - b.low);
  const todo = piecesOf(catalog, view, span, impliesDenied(condition) ? 'drops' : 'all').flatMap(
    (piece) => outside(piece, leftOut),
  );
  const wideFilter = mayHold && wideTest(catalog.rollups, mayHold);
  if (oldestFirst) todo.reverse();
  for (let piece = todo.pop(); piece !== undefined; piece = todo.pop()) {
    const { set, header, low, high } = piece;
    const within = timeBound(header, query);
    if (within === 'none' || bound(condition, header) === 'none') continue;
    const step = (matches: Matches | undefined): Step => ({
      header,
      matches,
      reached: oldestFirst ? high : low,
      left: () => flowsIn(todo, query),
    });
    const ruledOut = set.name === 'all' && wideFilter?.(header) === false;
    const filter = ruledOut ? undefined : mayHold && set.filter(header);
    if (ruledOut || (filter !== undefined && mayHold?.(filter) === false)) {
      yield step(undefined);
      continue;
    }
    const opened = set.open(header);
    if (opened === undefined) {
      // Removed since the list was made: its drops are kept longer.
      if (set.name === 'all') {
        const drops = piecesIn(catalog.drops, catalog.drops.headers(), { low, high });
        todo.push(...(oldestFirst ? drops.reverse() : drops));
      }
      continue;
    }
    const from = opened.rowFrom(low);
    const to = opened.rowFrom(high + 1);
    if (from >= to) continue;
    const rows = matchingRows(condition, query, within, opened.block);
    yield step(
      rows === 'none'
        ? undefined
        : { header, opened, from, to, rows: rows === 'all' ? undefined : rows },
    );
  }
}

/** At most so many flows of the pieces can match. */
const flowsIn = (pieces: readonly Piece[], query: FlowQuery): number =>
  pieces.reduce(
    (sum, { header, low, high }) =>
      timeBound(header, query) === 'none' ? sum : sum + Math.min(header.rows, high - low + 1),
    0,
  );

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
