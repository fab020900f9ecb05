import { valueAt } from '../../columns/block.ts';
import type { Codes } from '../../columns/dictionary.ts';
import type { Grouping } from './grouping.ts';
import type { Matches } from './walk.ts';

/** Rows with the same values have the same code. Only the codes of rows that match mean something. */
export type GroupCodes = {
  readonly codes: Codes;
  readonly distinct: number;
  /** A value for each field that is counted by. */
  readonly values: (code: number) => readonly unknown[];
};

const NO_VALUES: readonly unknown[] = [];

/** By what the rows of a block are counted; all rows are alike where there is no field. */
export function groupCodes(matches: Matches, groupings: readonly Grouping[]): GroupCodes {
  const [first, second] = groupings;
  if (first === undefined) {
    const { rows } = matches.opened.block;
    return { codes: new Uint8Array(rows), distinct: 1, values: () => NO_VALUES };
  }
  const one = fieldCodes(matches, first);
  if (second === undefined) return { ...one, values: (code) => [one.value(code)] };
  return joinCodes(matches, one, fieldCodes(matches, second));
}

type FieldCodes = Pick<GroupCodes, 'codes' | 'distinct'> & {
  readonly value: (code: number) => unknown;
};

function fieldCodes(matches: Matches, { column: name }: Grouping): FieldCodes {
  const column = matches.opened.block.column(name);
  return column.kind === 'values' ? column : numberValues(matches, (row) => valueAt(column, row));
}

/** Gives codes to values in the order in which rows have them. */
function numberValues(matches: Matches, valueOf: (row: number) => unknown): FieldCodes {
  const { numberOf, numbered } = numberer<unknown>();
  const codes = codeRows(matches, (row) => numberOf(valueOf(row)));
  return { codes, distinct: numbered.length, value: (code) => numbered[code] };
}

/** Gives codes to the pairs that rows have, of which there are fewer than two dictionaries could make. */
function joinCodes(matches: Matches, first: FieldCodes, second: FieldCodes): GroupCodes {
  const { distinct } = second;
  const pairs = first.distinct * distinct;
  const { numberOf, numbered } = pairs <= MAX_TABLE ? smallNumberer(pairs) : numberer<number>();
  const codes = codeRows(matches, (row) =>
    numberOf((first.codes[row] ?? 0) * distinct + (second.codes[row] ?? 0)),
  );
  return {
    codes,
    distinct: numbered.length,
    values(code) {
      const pair = numbered[code] ?? 0;
      return [first.value(Math.floor(pair / distinct)), second.value(pair % distinct)];
    },
  };
}

function codeRows(
  { opened: { block }, from, to, rows }: Matches,
  codeOf: (row: number) => number,
): Uint32Array {
  const codes = new Uint32Array(block.rows);
  for (let row = from; row < to; row++) {
    if (rows === undefined || rows[row] === 1) codes[row] = codeOf(row);
  }
  return codes;
}

type Numberer<T> = {
  readonly numberOf: (value: T) => number;
  /** The values by their numbers. */
  readonly numbered: readonly T[];
};

function numberer<T>(): Numberer<T> {
  const numbered: T[] = [];
  const numbers = new Map<T, number>();
  const numberOf = (value: T): number => {
    let number = numbers.get(value);
    if (number === undefined) {
      number = numbered.push(value) - 1;
      numbers.set(value, number);
    }
    return number;
  };
  return { numberOf, numbered };
}

/** Up to here a table that is cleared for each block costs less than looking rows up in a map. */
const MAX_TABLE = 2 ** 18;

/** For whole numbers below `limit`. */
function smallNumberer(limit: number): Numberer<number> {
  const numbered: number[] = [];
  /** One more than the number, 0 where there is none yet. */
  const table = new Uint32Array(limit);
  const numberOf = (value: number): number => {
    const known = table[value] ?? 0;
    if (known > 0) return known - 1;
    return (table[value] = numbered.push(value)) - 1;
  };
  return { numberOf, numbered };
}
