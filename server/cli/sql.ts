import { setImmediate as nextTurn } from 'node:timers/promises';
import { cellText, csvLine, type Cell } from '../formats/csv.ts';
import { systemClock } from '../lib/clock.ts';
import { readQuery, readRange } from '../operations/read-request.ts';
import { openSql } from '../store/sqlite/flows-table.ts';
import { printTable, readerIsGone } from './print.ts';

export const SQL_OUTPUTS = ['table', 'json', 'csv'] as const;

export type SqlOutput = (typeof SQL_OUTPUTS)[number];

/** Rows that are printed before anything else gets a turn, such as the news that nobody reads on. */
const ROWS_AT_ONCE = 500;

type Printer = (columns: readonly string[], rows: readonly (readonly Cell[])[]) => void;

/** Runs one SELECT over the stored flows and prints its rows as they come. */
export async function runSql({
  directory,
  sql,
  output,
}: {
  readonly directory: string;
  readonly sql: string;
  readonly output: SqlOutput;
}): Promise<void> {
  const clock = systemClock();
  using session = openSql({
    directory,
    readSpan: (text) => readRange(text, clock),
    readQuery: (text) => readQuery(text).where,
  });
  const { columns, rows } = session.query(sql);
  const print = printer(output);
  let held: (readonly Cell[])[] = [];
  for (const row of rows) {
    held.push(row);
    if (held.length < ROWS_AT_ONCE) continue;
    print(columns, held);
    held = [];
    await nextTurn();
    if (readerIsGone()) return;
  }
  print(columns, held);
}

/** The headings stand before the first rows only; a table without rows still shows them. */
function printer(output: SqlOutput): Printer {
  let isFirst = true;
  const first = (columns: readonly string[]): readonly string[] => {
    const headings = isFirst ? columns : [];
    isFirst = false;
    return headings;
  };
  switch (output) {
    case 'table':
      return (columns, rows) => {
        if (isFirst || rows.length > 0) {
          printTable(
            first(columns),
            rows.map((row) => row.map(cellText)),
          );
        }
      };
    case 'csv':
      return (columns, rows) => {
        const headings = first(columns);
        const head = headings.length === 0 ? '' : csvLine(headings);
        process.stdout.write(head + rows.map(csvLine).join(''));
      };
    case 'json':
      return (columns, rows) => {
        const names = distinct(columns);
        const lines = rows.map((row) => `${JSON.stringify(jsonOf(names, row))}\n`);
        process.stdout.write(lines.join(''));
      };
  }
}

/** SQL may name two columns alike; an object would keep only the last of them. */
function distinct(columns: readonly string[]): readonly string[] {
  const seen = new Map<string, number>();
  return columns.map((name) => {
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return count === 1 ? name : `${name}:${count}`;
  });
}

const jsonOf = (names: readonly string[], row: readonly Cell[]): Record<string, unknown> =>
  Object.fromEntries(names.map((name, place) => [name, jsonCell(row[place] ?? null)]));

/** Whole numbers beyond what JSON readers keep exactly, such as nanoseconds, are decimal text. */
function jsonCell(cell: Cell): string | number | null {
  if (cell instanceof Uint8Array) return cellText(cell);
  if (typeof cell !== 'bigint') return cell;
  const number = Number(cell);
  return Number.isSafeInteger(number) ? number : cell.toString();
}
