import { missingWords } from '../core/completeness-words.ts';
import { formatTime, nanos, type TimeWindow } from '../core/time.ts';
import { csvLine, type Cell } from '../formats/csv.ts';
import { systemClock } from '../lib/clock.ts';
import { comparedRowToJson } from '../operations/compare-json.ts';
import {
  compare,
  windowBefore,
  type ComparedRow,
  type ComparedWindow,
  type Comparison,
} from '../operations/compare.ts';
import { closeSpan, type Span } from '../operations/read-span.ts';
import type { Expression } from '../query/ast.ts';
import type { FlowStore } from '../store/flow-store.ts';
import { printJson, printTable, writeOut } from './print.ts';
import { named, type CountOutput } from './top.ts';

export type CompareOptions = {
  readonly where: Expression | undefined;
  readonly current: Span;
  /** `undefined`: the time of the same length right before. */
  readonly baseline: Span | undefined;
  readonly by: readonly string[];
  readonly rows: number;
  readonly output: CountOutput;
};

/** Prints what is new, gone or at another rate; on standard error the windows, and what is known to be missing. */
export async function printComparison(
  store: FlowStore,
  { where, by, rows: top, output, ...spans }: CompareOptions,
): Promise<void> {
  const current = await closeSpan(store, spans.current);
  const baseline =
    spans.baseline === undefined ? windowBefore(current) : await closeSpan(store, spans.baseline);
  const now = nanos(systemClock().now());
  const comparison = await compare(store, { where, by, current, baseline, top, now });
  switch (output) {
    case 'table':
      printTable([...HEAD.slice(0, 1), ...by, ...HEAD.slice(1)], tableRows(comparison));
      break;
    case 'json':
      for (const row of comparison.rows) printJson({ by, ...comparedRowToJson(row) });
      break;
    case 'csv':
      await writeOut(csvText(comparison, by));
  }
  process.stderr.write(windowsText(comparison));
}

const HEAD = ['change', 'events', 'before', 'an hour', 'before', 'ratio'];

const tableRows = ({ rows }: Comparison): string[][] =>
  rows.map((row) => [row.change, ...row.keys.map(named), ...figures(row).map(cellText)]);

const cellText = (figure: number | null): string =>
  figure === null ? '' : String(Number(figure.toPrecision(6)));

/** Of a new group the other window has none; of an undecided one that is not known. */
function figures({ change, current, baseline, ratio }: ComparedRow): readonly (number | null)[] {
  const absent = change === 'undecided' ? null : 0;
  return [
    current?.events ?? absent,
    baseline?.events ?? absent,
    current?.perHour ?? absent,
    baseline?.perHour ?? absent,
    ratio ?? null,
  ];
}

function csvText({ rows }: Comparison, by: readonly string[]): string {
  const head = ['change', ...by, 'events', 'events_before', 'per_hour', 'per_hour_before', 'ratio'];
  const cells = (row: ComparedRow): readonly Cell[] => [row.change, ...row.keys, ...figures(row)];
  return csvLine(head) + rows.map((row) => csvLine(cells(row))).join('');
}

function windowsText({ changes, current, baseline }: Comparison): string {
  const counts = Object.entries(changes)
    .filter(([, count]) => count > 0)
    .map(([change, count]) => `${count} ${change}`);
  const lines = [
    `${rangeText(current.within)} against ${rangeText(baseline.within)}: ${counts.join(', ') || 'nothing in either'}`,
    ...missing(current),
    ...missing(baseline),
  ];
  return lines.map((line) => `dropwise: ${line}\n`).join('');
}

const rangeText = ({ from, to }: TimeWindow): string => `${formatTime(from)}..${formatTime(to)}`;

const missing = ({ within, completeness }: ComparedWindow): readonly string[] =>
  completeness.verdict === 'lower-bound'
    ? [`a lower bound in ${rangeText(within)}: ${missingWords(completeness)}`]
    : [];
