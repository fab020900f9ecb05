import type { FlowFields } from '../core/flow.ts';
import { decodeColumn, valueAt } from './block.ts';
import { assemble, readParts } from './block-format.ts';
import { COLUMN_NAMES, LATER_COLUMNS, type StoredColumn } from './column-specs.ts';
import {
  distinctOf,
  encodeColumn,
  encodeTimes,
  joinColumns,
  payloadOf,
  readColumn,
  type EncodedColumn,
} from './encoding.ts';
import { tileFlows } from './tile.ts';

type NamedColumn = { readonly name: StoredColumn; readonly column: EncodedColumn };

/** Columns that are encoded and not yet written. */
export type EncodedBlock = {
  readonly rows: number;
  readonly columns: readonly NamedColumn[];
};

/** Flows as one block, with a column of their sequence numbers where these are given. */
export function encodeFlows(flows: readonly FlowFields[], seqs?: readonly number[]): EncodedBlock {
  const tile = tileFlows(flows);
  const columns: NamedColumn[] = COLUMN_NAMES.map((name) => ({
    name,
    column: encodeColumn(name, tile[name]),
  }));
  if (seqs !== undefined) {
    columns.push({ name: 'seq', column: encodeTimes(BigInt64Array.from(seqs, BigInt)) });
  }
  return { rows: flows.length, columns };
}

/** A written block, to be joined with others; with the columns that its version did not know. */
export function readBlock(blob: Buffer): EncodedBlock {
  const { rows, names, entry, payload } = readParts(blob);
  const all: readonly StoredColumn[] = names.includes('seq')
    ? [...COLUMN_NAMES, 'seq']
    : COLUMN_NAMES;
  const columns = all.map((name) => {
    const later = LATER_COLUMNS[name];
    if (later !== undefined && !names.includes(name)) {
      return { name, column: encodeColumn(name, new Array<string>(rows).fill(later)) };
    }
    const [, kind, distinct] = entry(name);
    return { name, column: readColumn(kind, distinct, payload(name), rows) };
  });
  return { rows, columns };
}

/**
 * The rows of several blocks, in order, as one block: the same that `encodeFlows` makes of all the flows at once,
 * which seals count on. All have the same columns, and there is at least one.
 */
export function mergeBlocks(blocks: readonly EncodedBlock[]): EncodedBlock {
  const rows = blocks.reduce((sum, block) => sum + block.rows, 0);
  const columns = (blocks[0]?.columns ?? []).map(({ name }, index) => {
    const parts = blocks.map((block) => {
      const part = block.columns[index];
      if (part?.name !== name) throw new Error(`a block has no column ${name}`);
      return { column: part.column, rows: block.rows };
    });
    const joined = joinColumns(parts.map(({ column }) => column));
    return { name, column: joined ?? encodeColumn(name, parts.flatMap(valuesOf(name))) };
  });
  return { rows, columns };
}

const valuesOf =
  (name: StoredColumn) =>
  (part: { readonly column: EncodedColumn; readonly rows: number }): unknown[] => {
    const { kind } = part.column;
    const column = decodeColumn(name, {
      kind,
      distinct: distinctOf(part.column),
      payload: payloadOf(part.column),
      rows: part.rows,
    });
    return Array.from({ length: part.rows }, (_, row) => valueAt(column, row));
  };

/** A block as bytes: format, header length, header, payloads, none of them compressed. */
export function writeBlock({ rows, columns }: EncodedBlock): Buffer {
  return assemble(
    rows,
    columns.map(({ name, column }) => ({
      name,
      kind: column.kind,
      distinct: distinctOf(column),
      codec: 'plain',
      bytes: payloadOf(column),
    })),
  );
}
