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

/**
 * Writes rows under upper-case headings, as kubectl does; no headings continue a table. Control characters of
 * the data are escaped.
 */
export function printTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
): void {
  const table = new Table({ ...BARE, head: headings.map((heading) => heading.toUpperCase()) });
  for (const row of rows) table.push(row.map(escapeControls));
  process.stdout.write(`${table.toString().replaceAll(/[ \t]+$/gm, '')}\n`);
}

let readerLeft = false;

/** A reader that goes away (`… | head`) is no failure. Call it once, before anything is printed. */
export function allowReaderToLeave(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    // Standard output stays writable for Node, whatever becomes of it.
    readerLeft = true;
  });
}

/** True once nobody reads what is printed; commands that only print then stop. */
export const readerIsGone = (): boolean => readerLeft;

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

/** Records hold what workloads sent: an escape sequence in a DNS name must not drive the terminal. */
function escapeControls(text: string): string {
  return text.replaceAll(
    /\p{Cc}/gu,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}
