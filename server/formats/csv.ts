import { spreadsheetText } from '../core/spreadsheet-text.ts';

/** A cell of a table. `null` is written as nothing, bytes in hexadecimal. */
export type Cell = string | number | bigint | Uint8Array | null;

/**
 * One line of CSV as RFC 4180 has it, with its CRLF. Text that a spreadsheet would take for a formula gets an
 * apostrophe before it, since records hold what workloads sent; numbers stay as they are.
 */
export const csvLine = (cells: readonly Cell[]): string => `${cells.map(csvCell).join(',')}\r\n`;

const NEEDS_QUOTES = /[",\r\n]/;

function csvCell(cell: Cell): string {
  if (typeof cell !== 'string') return cellText(cell);
  const text = spreadsheetText(cell);
  return NEEDS_QUOTES.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A cell as a person reads it. */
export function cellText(cell: Cell): string {
  if (cell === null) return '';
  return cell instanceof Uint8Array ? Buffer.from(cell).toString('hex') : String(cell);
}
