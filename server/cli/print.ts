import { once } from 'node:events';
import Table from 'cli-table3';

export type OutputFormat = 'json' | 'table';

const BARE = {
  chars: {
    top: '',
    'top-mid': '',
    'top-left': '',
    'top-right': '',
    bottom: '',
    'bottom-mid': '',
    'bottom-left': '',
    'bottom-right': '',
    left: '',
    'left-mid': '',
    mid: '',
    'mid-mid': '',
    right: '',
    'right-mid': '',
    middle: '  ',
  },
  style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
};

/** A cell; `paint` puts escape sequences around what stands in it. */
export type TableCell =
  string | { readonly text: string; readonly paint: (text: string) => string };

/**
 * Writes rows under upper-case headings, as kubectl does; no headings continue a table. Control characters of
 * the data are escaped.
 */
export function printTable(
  headings: readonly string[],
  rows: readonly (readonly TableCell[])[],
): void {
  process.stdout.write(tableText(headings, rows));
}

function tableText(headings: readonly string[], rows: readonly (readonly TableCell[])[]): string {
  const table = new Table({ ...BARE, head: headings.map((heading) => heading.toUpperCase()) });
  for (const row of rows) table.push(row.map(cellText));
  return `${table.toString().replaceAll(/[ \t]+$/gm, '')}\n`;
}

const cellText = (cell: TableCell): string =>
  typeof cell === 'string' ? escapeControls(cell) : cell.paint(escapeControls(cell.text));

/** A table that grows: a column that has become wide stays so. */
export function growingTable(
  headings: readonly string[],
): (rows: readonly (readonly TableCell[])[]) => string {
  const widths = headings.map(() => 0);
  let head = headings;
  return (rows) => {
    if (head.length === 0 && rows.length === 0) return '';
    for (const row of rows) {
      for (const [at, cell] of row.entries()) {
        const { length } = escapeControls(typeof cell === 'string' ? cell : cell.text);
        widths[at] = Math.max(widths[at] ?? 0, length, headings[at]?.length ?? 0);
      }
    }
    const text = tableText(
      head,
      rows.map((row) => row.map((cell, at) => padCell(cell, widths[at] ?? 0))),
    );
    head = [];
    return text;
  };
}

function padCell(cell: TableCell, width: number): TableCell {
  const pad = (text: string): string =>
    text + ' '.repeat(Math.max(0, width - escapeControls(text).length));
  return typeof cell === 'string' ? pad(cell) : { ...cell, text: pad(cell.text) };
}

const gone = new AbortController();

/** A reader that goes away (`… | head`) is no failure. Call it once, before anything is printed. */
export function allowReaderToLeave(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    // Standard output stays writable for Node, whatever becomes of it.
    gone.abort();
  });
}

/** True once nobody reads what is printed; commands that only print then stop. */
export const readerIsGone = (): boolean => gone.signal.aborted;

/** Aborts when nobody reads what is printed. */
export const readerGone: AbortSignal = gone.signal;

/** Writes no more than the reader takes, so that what waits to be read does not pile up. */
export async function writeOut(text: string): Promise<void> {
  if (text === '' || process.stdout.write(text) || readerIsGone()) return;
  try {
    await once(process.stdout, 'drain', { signal: gone.signal });
  } catch (error) {
    // `once` fails with the error that tells that the reader left; others end the program as they would have.
    if (!readerIsGone()) throw error;
  }
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

/** Records hold what workloads sent: an escape sequence in a DNS name must not drive the terminal. */
export function escapeControls(text: string): string {
  return text.replaceAll(
    /\p{Cc}/gu,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}
