import type { Block } from '../../columns/block.ts';
import type { CodedRows } from '../../columns/combine.ts';
import { isBefore, type Halves } from '../../columns/halves.ts';
import type { FlowCounts } from '../../core/flow.ts';
import type { Matches } from './walk.ts';

/** The rows of a block that match, by their codes. */
export type Groups = {
  /** Codes that there are, in the order of the newest row of each, newest first. */
  readonly found: Uint32Array;
  readonly records: Uint32Array;
  readonly events: Float64Array;
  /** Rows of the block, by code: the last one, and those observed first and last. */
  readonly newest: Uint32Array;
  readonly first: Uint32Array;
  readonly last: Uint32Array;
};

/**
 * Counts within a block before anything is added to what is known of all blocks, which is too much for a processor's
 * cache.
 */
export function groupRows(
  { opened: { block }, from, to, rows: wanted }: Matches,
  { codes, distinct }: CodedRows,
  times: Halves,
): Groups {
  const found = new Uint32Array(distinct);
  const records = new Uint32Array(distinct);
  const events = new Float64Array(distinct);
  const newest = new Uint32Array(distinct);
  const first = new Uint32Array(distinct);
  const last = new Uint32Array(distinct);
  const eventsOf = eventReader(block);
  let count = 0;
  for (let row = to - 1; row >= from; row--) {
    if (wanted !== undefined && wanted[row] !== 1) continue;
    const code = codes[row] ?? 0;
    const known = records[code] ?? 0;
    records[code] = known + 1;
    events[code] = (events[code] ?? 0) + eventsOf(row);
    if (known === 0) {
      found[count++] = code;
      newest[code] = first[code] = last[code] = row;
      continue;
    }
    if (isBefore(times, row, times, first[code] ?? 0)) first[code] = row;
    if (isBefore(times, last[code] ?? 0, times, row)) last[code] = row;
  }
  return { found: found.subarray(0, count), records, events, newest, first, last };
}

/** Counts that sum up many events hardly repeat, so only those that are asked for are parsed. */
function eventReader(block: Block): (row: number) => number {
  const column = block.column('counts');
  if (column.kind !== 'values') throw new Error('counts is no column of values');
  const { codes, distinct, value } = column;
  const byCode = new Float64Array(distinct).fill(NaN);
  return (row) => {
    const code = codes[row] ?? 0;
    const known = byCode[code] ?? NaN;
    return Number.isNaN(known) ? (byCode[code] = (value(code) as FlowCounts).events) : known;
  };
}
