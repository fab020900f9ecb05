import { formatTime, type EpochNanos } from '../core/time.ts';
import { csvLine, type Cell } from '../formats/csv.ts';
import { closeSpan } from '../operations/read-span.ts';
import { summaryRowToJson } from '../operations/summary-json.ts';
import type { FlowQuery, FlowStore, Summary, SummaryRow } from '../store/flow-store.ts';
import { printLowerBound } from './completeness.ts';
import { printJson, printTable, writeOut } from './print.ts';

export const COUNT_OUTPUTS = ['table', 'json', 'csv'] as const;

export type CountOutput = (typeof COUNT_OUTPUTS)[number];

export type TopOptions = {
  readonly by: readonly string[];
  readonly rows: number;
  readonly output: CountOutput;
};

/** Prints the groups of flows that stand for the most events, and in the last row what all the others are. */
export async function printTop(
  store: FlowStore,
  query: FlowQuery,
  { by, rows: top, output }: TopOptions,
): Promise<void> {
  const within = await closeSpan(store, query.within ?? {});
  const summary = await store.summarize({ ...query, within, by, buckets: 1, top });
  switch (output) {
    case 'table':
      printTable([...by, 'events', 'records', 'first seen', 'last seen'], tableRows(summary, by));
      break;
    case 'json':
      for (const row of summary.rows) printJson({ by, ...summaryRowToJson(row) });
      break;
    case 'csv':
      await writeOut(csvText(summary, by));
  }
  const { groups, untold } = summary;
  if (untold.records > 0) {
    process.stderr.write(
      `dropwise: more than ${groups} groups: one with at most ${untold.events} events may lack a row; narrow the query\n`,
    );
  }
  await printLowerBound(store, query.within === undefined ? undefined : within, 'flows');
}

const tableRows = ({ rows, groups }: Summary, by: readonly string[]): string[][] =>
  rows.map((row) => [
    ...(row.keys === undefined ? restCells(groups - rows.length + 1, by) : row.keys.map(named)),
    ...figures(row).map(String),
  ]);

/** What has no value is told from what has an empty place in the table. */
export const named = (key: string): string => (key === '' ? '(none)' : key);

const restCells = (others: number, by: readonly string[]): readonly string[] =>
  by.map((_, place) => (place === 0 ? `(${others} others)` : ''));

function figures({ events, records, firstAt, lastAt }: SummaryRow): readonly (string | number)[] {
  return [events, records, timeText(firstAt), timeText(lastAt)];
}

const timeText = (time: EpochNanos | undefined): string =>
  time === undefined ? '' : formatTime(time);

/** `group` tells a row of a group from that of all the others, which has no values either. */
function csvText({ rows }: Summary, by: readonly string[]): string {
  const head = ['group', ...by, 'events', 'records', 'first_seen', 'last_seen'];
  const cells = (row: SummaryRow): readonly Cell[] =>
    row.keys === undefined
      ? ['others', ...by.map(() => null), ...figures(row)]
      : ['one', ...row.keys, ...figures(row)];
  return csvLine(head) + rows.map((row) => csvLine(cells(row))).join('');
}
