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

/** True once nobody reads what is printed (`… | head`). */
export const readerIsGone = (): boolean => !process.stdout.writable;

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
