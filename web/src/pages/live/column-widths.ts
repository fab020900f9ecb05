import type { ColumnId } from '../../../../server/core/column-ids.ts';
import type { FlowColumn } from './flow-column.ts';

/** Between two columns, and at both ends of a row, in CSS pixels. */
const GAP = 10;
const PADDING = 12;

/** What may go, first to last: the panel tells all of it, and the time, the ends and the reason never go. */
const YIELDING: readonly ColumnId[] = ['origin', 'node', 'direction'];
/** Goes only where what stays would be cut beyond recognition: it is why one looks. */
const LAST: ColumnId = 'policy';

const widthOf = (columns: readonly FlowColumn[], of: 'min' | 'full'): number =>
  columns.reduce((sum, column) => sum + column[of], 0) + (columns.length - 1) * GAP + 2 * PADDING;

/** Those of the columns for which there is room, so that names and reasons are not cut for lesser ones. */
export function fitColumns(columns: readonly FlowColumn[], widthPx: number): readonly FlowColumn[] {
  let kept = columns;
  for (const id of YIELDING)
    if (widthOf(kept, 'full') > widthPx) kept = kept.filter((column) => column.id !== id);
  return widthOf(kept, 'min') > widthPx ? kept.filter((column) => column.id !== LAST) : kept;
}

/** What a card has room for, where the window is too narrow for a table. */
const ON_CARDS: readonly ColumnId[] = ['time', 'verdict', 'source', 'destination', 'port'];
const CARD_CELLS = 4;

/** Those of the columns that a card shows: what tells a flow from others, or the first where none of that was chosen. */
export function cardColumns(columns: readonly FlowColumn[]): readonly FlowColumn[] {
  const fit = columns.filter(({ id }) => ON_CARDS.includes(id));
  return fit.length > 0 ? fit : columns.slice(0, CARD_CELLS);
}

/** The tracks of a grid with these columns, and the width below which it scrolls sideways. */
export function gridOf(columns: readonly FlowColumn[]): {
  readonly template: string;
  readonly minWidth: number;
} {
  const track = ({ min, full }: FlowColumn): string =>
    min === full ? `${min}px` : `minmax(${min}px, ${full}fr)`;
  return { template: columns.map(track).join(' '), minWidth: widthOf(columns, 'min') };
}
