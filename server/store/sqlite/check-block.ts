import { openBlock, type Block } from '../../columns/block.ts';
import { COLUMN_NAMES, type StoredColumn } from '../../columns/column-specs.ts';
import { VERDICT_KINDS, type Verdict, type VerdictKind } from '../../core/verdict.ts';
import { openedBlock, type BlockHeader } from './block-set.ts';
import type { SetName } from './set-tables.ts';

/** What is wrong with the contents of a block, in words; `undefined` when every column can be read and agrees. */
export function blockFault(
  set: SetName,
  header: BlockHeader,
  columns: Uint8Array,
): string | undefined {
  try {
    const block = openBlock(columns);
    return (
      rowsFault(header, block) ??
      columnsFault(set, block) ??
      seqFault(set, header, block) ??
      timesFault(header, block) ??
      verdictsFault(header, block)
    );
  } catch (error) {
    return `it cannot be decoded: ${error instanceof Error ? error.message : String(error)}`;
  }
}

const rowsFault = ({ rows }: BlockHeader, block: Block): string | undefined =>
  block.rows === rows ? undefined : `it holds ${block.rows} flows, its header says ${rows}`;

/** Decodes every column and parses every value of every dictionary. */
function columnsFault(set: SetName, block: Block): string | undefined {
  const names: readonly StoredColumn[] = set === 'drops' ? [...COLUMN_NAMES, 'seq'] : COLUMN_NAMES;
  for (const name of names) {
    const column = block.column(name);
    if (column.kind === 'values') {
      for (let code = 0; code < column.distinct; code++) column.value(code);
      const stray = column.codes.find((code) => code >= column.distinct);
      if (stray !== undefined) {
        return `column ${name}: code ${stray} of a dictionary of ${column.distinct}`;
      }
    }
    if (column.kind === 'ids' && column.bytes.length !== block.rows * 16) {
      return `column ${name}: ${column.bytes.length} bytes for ${block.rows} ids`;
    }
  }
  return undefined;
}

function seqFault(set: SetName, header: BlockHeader, block: Block): string | undefined {
  const { seqAt } = openedBlock(set, block, header.firstSeq);
  let last = header.firstSeq - 1;
  for (let row = 0; row < block.rows; row++) {
    const seq = seqAt(row);
    if (seq <= last) return `row ${row} has number ${seq}, after ${last}`;
    last = seq;
  }
  const agrees = seqAt(0) === header.firstSeq && last === header.lastSeq;
  return agrees ? undefined : `its flows are ${seqAt(0)} to ${last}`;
}

function timesFault(header: BlockHeader, block: Block): string | undefined {
  const observed = rangeOf(block, 'observedAt');
  const received = rangeOf(block, 'receivedAt');
  const agrees =
    observed.min === header.minObserved &&
    observed.max === header.maxObserved &&
    received.max === header.maxReceived;
  return agrees ? undefined : 'its times are not those of its header';
}

function rangeOf(block: Block, name: 'observedAt' | 'receivedAt'): { min: bigint; max: bigint } {
  const column = block.column(name);
  if (column.kind !== 'times') throw new Error(`${name} is no column of times`);
  let min = column.times[0] ?? 0n;
  let max = min;
  for (const time of column.times) {
    if (time < min) min = time;
    if (time > max) max = time;
  }
  return { min, max };
}

function verdictsFault({ verdicts }: BlockHeader, block: Block): string | undefined {
  const column = block.column('verdict');
  if (column.kind !== 'values') throw new Error('verdict is no column of values');
  const counts: Record<VerdictKind, number> = {
    allowed: 0,
    dropped: 0,
    audit: 0,
    error: 0,
    unknown: 0,
  };
  for (const code of column.codes) counts[(column.value(code) as Verdict).kind] += 1;
  const wrong = VERDICT_KINDS.find((kind) => counts[kind] !== verdicts[kind]);
  return wrong === undefined
    ? undefined
    : `it holds ${counts[wrong]} flows that are ${wrong}, its header says ${verdicts[wrong]}`;
}
