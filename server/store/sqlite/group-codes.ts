import { valueAt } from '../../columns/block.ts';
import type { Codes } from '../../columns/dictionary.ts';
import type { Grouping } from './grouping.ts';
import type { Matches } from './walk.ts';

/** Rows with the same value have the same code. Only the codes of rows that match mean something. */
export type GroupCodes = {
  readonly codes: Codes;
  readonly distinct: number;
  readonly value: (code: number) => unknown;
};

/** By what the rows of a block are counted; all rows are alike where there is no field. */
export function groupCodes(matches: Matches, grouping: Grouping | undefined): GroupCodes {
  const { block } = matches.opened;
  if (grouping === undefined) {
    return { codes: new Uint8Array(block.rows), distinct: 1, value: () => undefined };
  }
  const column = block.column(grouping.column);
  if (column.kind === 'values') return column;
  return numberValues(matches, (row) => valueAt(column, row));
}

/** Gives codes to values in the order in which rows have them. */
function numberValues(
  { opened: { block }, from, to, rows }: Matches,
  valueOf: (row: number) => unknown,
): GroupCodes {
  const codes = new Uint32Array(block.rows);
  const values: unknown[] = [];
  const codeOf = new Map<unknown, number>();
  for (let row = from; row < to; row++) {
    if (rows !== undefined && rows[row] !== 1) continue;
    const value = valueOf(row);
    let code = codeOf.get(value);
    if (code === undefined) {
      code = values.push(value) - 1;
      codeOf.set(value, code);
    }
    codes[row] = code;
  }
  return { codes, distinct: values.length, value: (code) => values[code] };
}
