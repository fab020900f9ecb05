import type { Verdict } from '../../core/verdict.ts';
import type { TimeWindow } from '../../core/time.ts';
import type { Flow } from '../../core/flow.ts';
import type { FlowColumn } from '../../core/field.ts';
import type { ColumnTest, Condition } from '../../query/compile.ts';
import type { BlockHeader } from './catalog.ts';
import type { Block, Column } from './block.ts';

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

/** The rows of a block that match. Each test runs once per distinct value. */
export function evaluate(condition: Condition, block: Block): RowSet {
  switch (condition.kind) {
    case 'all':
      return 'all';
    case 'and':
      return combine(condition.of, block, 'none');
    case 'or':
      return combine(condition.of, block, 'all');
    case 'not': {
      const rows = evaluate(condition.of, block);
      if (rows === 'all') return 'none';
      if (rows === 'none') return 'all';
      return rows.map((bit) => 1 - bit);
    }
    case 'test':
      return testColumn(condition, block.column(condition.column), block.rows);
  }
}

/** `and` ends at `none`, `or` at `all`; the opposite is where each starts. */
function combine(parts: readonly Condition[], block: Block, end: 'all' | 'none'): RowSet {
  let result: Uint8Array | undefined;
  for (const part of parts) {
    const rows = evaluate(part, block);
    if (rows === end) return end;
    if (typeof rows === 'string') continue;
    if (result === undefined) result = rows;
    else if (end === 'none') intersect(result, rows);
    else
      for (let row = 0; row < result.length; row++)
        result[row] = (result[row] ?? 0) | (rows[row] ?? 0);
  }
  return result ?? (end === 'none' ? 'all' : 'none');
}

/** Keeps in `into` what both hold. */
export function intersect(into: Uint8Array, other: Uint8Array): void {
  for (let row = 0; row < into.length; row++) into[row] = (into[row] ?? 0) & (other[row] ?? 0);
}

function testColumn({ test }: ColumnTest, column: Column, rows: number): RowSet {
  const result = new Uint8Array(rows);
  switch (column.kind) {
    case 'values': {
      const { values, codes } = column;
      const passes = Uint8Array.from(values, (value) => Number(test(value as Flow[FlowColumn])));
      if (!passes.includes(1)) return 'none';
      if (!passes.includes(0)) return 'all';
      for (let row = 0; row < rows; row++) result[row] = passes[codes[row] ?? 0] ?? 0;
      return result;
    }
    case 'numbers': {
      const { numbers } = column;
      for (let row = 0; row < rows; row++) result[row] = Number(test(numbers[row]));
      return result;
    }
    case 'times': {
      const { times } = column;
      for (let row = 0; row < rows; row++)
        result[row] = Number(test(times[row] as Flow['observedAt']));
      return result;
    }
    case 'ids': {
      const { bytes } = column;
      for (let row = 0; row < rows; row++) {
        const id = bytes.toString('hex', row * 16, row * 16 + 16);
        result[row] = Number(test(id));
      }
      return result;
    }
  }
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
