import type { Verdict } from '../../core/verdict.ts';
import type { TimeWindow } from '../../core/time.ts';
import type { Flow } from '../../core/flow.ts';
import type { FlowColumn } from '../../core/field.ts';
import type { ColumnTest, Condition } from '../../query/compile.ts';
import type { BlockHeader } from './catalog.ts';
import { valueAt, type Block, type Column } from './block.ts';

/** Rows of a block: a byte each, 1 where the row belongs to the set. */
export type RowSet = 'all' | 'none' | Uint8Array;

/** Verdicts that are known whole from a header; of the others a header lacks the reason or the word. */
const PLAIN_VERDICTS: readonly Verdict[] = [
  { kind: 'allowed' },
  { kind: 'audit' },
  { kind: 'error' },
];

/**
 * What a header alone says about a condition: every row matches, none does, or the columns must be read.
 */
export function bound(condition: Condition, header: BlockHeader): 'all' | 'none' | 'some' {
  switch (condition.kind) {
    case 'all':
      return 'all';
    case 'and': {
      const parts = condition.of.map((part) => bound(part, header));
      if (parts.includes('none')) return 'none';
      return parts.every((part) => part === 'all') ? 'all' : 'some';
    }
    case 'or': {
      const parts = condition.of.map((part) => bound(part, header));
      if (parts.includes('all')) return 'all';
      return parts.every((part) => part === 'none') ? 'none' : 'some';
    }
    case 'not': {
      const part = bound(condition.of, header);
      return part === 'all' ? 'none' : part === 'none' ? 'all' : 'some';
    }
    case 'test':
      return condition.column === 'verdict' ? boundVerdict(condition, header) : 'some';
  }
}

function boundVerdict({ test }: ColumnTest, { verdicts }: BlockHeader): 'all' | 'none' | 'some' {
  if (verdicts.dropped > 0 || verdicts.unknown > 0) return 'some';
  const results = PLAIN_VERDICTS.filter(({ kind }) => verdicts[kind] > 0).map((verdict) =>
    test(verdict),
  );
  if (results.every((result) => result)) return 'all';
  return results.some((result) => result) ? 'some' : 'none';
}

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
  return rows.map((bit, row) => (among?.[row] ?? 1) & (1 - bit));
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
