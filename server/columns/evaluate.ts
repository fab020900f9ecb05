import type { TimeWindow } from '../core/time.ts';
import type { Flow } from '../core/flow.ts';
import type { FlowColumn } from '../core/field.ts';
import type { ColumnTest, Condition } from '../query/compile.ts';
import { valueAt, type Block, type Column } from './block.ts';

/** Rows of a block: a byte each, 1 where the row belongs to the set. */
export type RowSet = 'all' | 'none' | Uint8Array;

/**
 * The rows of `among` (of the whole block when `undefined`) that match; `all` means all of those. A test runs
 * once per distinct value of the rows that are still in question, and only such values are parsed.
 */
export function evaluate(
  condition: Condition,
  block: Block,
  among: Uint8Array | undefined,
): RowSet {
  switch (condition.kind) {
    case 'all':
      return 'all';
    case 'and':
      return every(condition.of, block, among);
    case 'or':
      return some(condition.of, block, among);
    case 'not':
      return complement(evaluate(condition.of, block, among), among);
    case 'test':
      return testColumn(condition, block.column(condition.column), block.rows, among);
  }
}

function every(parts: readonly Condition[], block: Block, among: Uint8Array | undefined): RowSet {
  let left: Uint8Array | undefined;
  for (const part of parts) {
    const rows = evaluate(part, block, left ?? among);
    if (rows === 'none') return 'none';
    if (rows !== 'all') left = rows;
  }
  return left ?? 'all';
}

/** What all parts reject, turned around: a row that one part accepts is no question for the next. */
function some(parts: readonly Condition[], block: Block, among: Uint8Array | undefined): RowSet {
  const rejecting = parts.map((of): Condition => ({ kind: 'not', of }));
  return complement(every(rejecting, block, among), among);
}

function complement(rows: RowSet, among: Uint8Array | undefined): RowSet {
  if (rows === 'all') return 'none';
  if (rows === 'none') return 'all';
  const others = new Uint8Array(rows.length);
  for (let row = 0; row < rows.length; row++) {
    others[row] = (among === undefined ? 1 : (among[row] ?? 0)) & (1 - (rows[row] ?? 0));
  }
  return others;
}

function testColumn(
  { test }: ColumnTest,
  column: Column,
  rows: number,
  among: Uint8Array | undefined,
): RowSet {
  const passes = rowTest(test, column);
  const result = new Uint8Array(rows);
  let asked = 0;
  let passed = 0;
  for (let row = 0; row < rows; row++) {
    if (among !== undefined && among[row] === 0) continue;
    asked++;
    if (!passes(row)) continue;
    result[row] = 1;
    passed++;
  }
  return passed === 0 ? 'none' : passed === asked ? 'all' : result;
}

/** The rows of a set, in order, of a block that has so many. */
export function rowNumbers(rows: RowSet, count: number): readonly number[] {
  const numbers: number[] = [];
  for (let row = 0; row < count && rows !== 'none'; row++) {
    if (rows === 'all' || rows[row] === 1) numbers.push(row);
  }
  return numbers;
}

/** Whether a row matches, for whoever asks about few rows. */
export function rowMatcher(condition: Condition, block: Block): (row: number) => boolean {
  switch (condition.kind) {
    case 'all':
      return () => true;
    case 'and': {
      const parts = condition.of.map((part) => rowMatcher(part, block));
      return (row) => parts.every((part) => part(row));
    }
    case 'or': {
      const parts = condition.of.map((part) => rowMatcher(part, block));
      return (row) => parts.some((part) => part(row));
    }
    case 'not': {
      const part = rowMatcher(condition.of, block);
      return (row) => !part(row);
    }
    case 'test':
      return rowTest(condition.test, block.column(condition.column));
  }
}

const UNTESTED = 2;

function rowTest(test: ColumnTest['test'], column: Column): (row: number) => boolean {
  if (column.kind !== 'values') return (row) => test(valueAt(column, row) as Flow[FlowColumn]);
  const { codes, distinct, value } = column;
  const results = new Uint8Array(distinct).fill(UNTESTED);
  return (row) => {
    const code = codes[row] ?? 0;
    const known = results[code];
    if (known !== UNTESTED) return known === 1;
    const passed = test(value(code) as Flow[FlowColumn]);
    results[code] = passed ? 1 : 0;
    return passed;
  };
}

/** The rows observed inside a span, each end of which may be open. */
export function rowsWithin(times: BigInt64Array, { from, to }: Partial<TimeWindow>): Uint8Array {
  const result = new Uint8Array(times.length);
  for (let row = 0; row < times.length; row++) {
    const time = times[row] ?? 0n;
    result[row] = (from === undefined || time >= from) && (to === undefined || time < to) ? 1 : 0;
  }
  return result;
}
