import { openBlock, type Block, type Column } from '../../columns/block.ts';
import { AppError } from '../../core/errors.ts';
import { formatTime, type EpochNanos } from '../../core/time.ts';

type Range = {
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly minObserved?: EpochNanos;
  readonly maxObserved?: EpochNanos;
};

/** A block that cannot be read. Queries that do not need it go on. */
function damaged({ firstSeq, lastSeq, minObserved, maxObserved }: Range, cause: unknown): AppError {
  const times =
    minObserved === undefined || maxObserved === undefined
      ? ''
      : `, observed from ${formatTime(minObserved)} to ${formatTime(maxObserved)},`;
  const detail =
    `Flows ${firstSeq} to ${lastSeq}${times} are damaged on the disk. Queries whose time range leaves them out ` +
    "are answered. 'dropwise doctor' names all that is damaged.";
  return new AppError('store-damaged', detail, { cause, fields: { firstSeq, lastSeq } });
}

/** Runs what decodes a block; a failure becomes an AppError `store-damaged` that names its flows. */
export function decodeBlock<T>(range: Range, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    throw error instanceof AppError ? error : damaged(range, error);
  }
}

/** Opens a block. What of it cannot be decoded says so when it is asked for. */
export function openSaying(range: Range, columns: Uint8Array): Block {
  const block = decodeBlock(range, () => openBlock(columns));
  const asked = new Map<string, Column>();
  return {
    rows: block.rows,
    bytes: block.bytes,
    column(name) {
      const known = asked.get(name);
      if (known !== undefined) return known;
      const column = decodeBlock(range, () => block.column(name));
      const saying = column.kind === 'values' ? sayingValues(range, column) : column;
      asked.set(name, saying);
      return saying;
    },
  };
}

function sayingValues(range: Range, column: Extract<Column, { kind: 'values' }>): Column {
  const { value, numberOf } = column;
  return {
    ...column,
    value: (code) => decodeBlock(range, () => value(code)),
    numberOf: (code, texts) => decodeBlock(range, () => numberOf(code, texts)),
  };
}
