import { valueAt, type Block } from '../../columns/block.ts';
import type { Codes } from '../../columns/dictionary.ts';
import { numberer, numbererBelow } from '../../columns/numberer.ts';
import type { Grouping } from './grouping.ts';

/**
 * Numbers the lists of keys under which values of a field count, alike in all blocks. Many values have equal keys, as
 * the pods of one workload, and nearly all have one.
 */
export type Keyer = {
  readonly column: Grouping['column'];
  numberOf(value: unknown): number;
  keys(number: number): readonly string[];
  /** How many there are. */
  readonly size: number;
};

/** Of so many values of a field is known at once under which keys they count. */
const MAX_KNOWN_VALUES = 65_536;

export function createKeyer({ column, keys }: Grouping): Keyer {
  const known = new Map<unknown, number>();
  const byText = new Map<string, number>();
  const lists: (readonly string[])[] = [];
  const numberLists = (list: readonly string[]): number => {
    const text = list.length === 1 ? (list[0] ?? '') : JSON.stringify(list);
    // A key may look like the text of a list.
    const name = `${list.length} ${text}`;
    let number = byText.get(name);
    if (number === undefined) byText.set(name, (number = lists.push(list) - 1));
    return number;
  };
  return {
    column,
    numberOf(value) {
      let number = known.get(value);
      if (number === undefined) {
        number = numberLists(keys(value as never));
        if (known.size === MAX_KNOWN_VALUES) known.clear();
        known.set(value, number);
      }
      return number;
    },
    keys: (number) => lists[number] ?? [],
    get size() {
      return lists.length;
    },
  };
}

/** Rows that count under the same keys have the same code. Only the codes of rows that match mean something. */
export type GroupCodes = {
  readonly codes: Codes;
  readonly distinct: number;
  /** The number of the keys of each field that is counted by. */
  readonly numbers: (code: number) => readonly [first: number, second: number];
};

/** Rows of a block that are counted. */
type Rows = {
  readonly opened: { readonly block: Block };
  readonly from: number;
  readonly to: number;
  /** `undefined` where it is all of them. */
  readonly rows: Uint8Array | undefined;
};

/** By what the rows of a block are counted; all rows are alike where there is no field. */
export function groupCodes(rows: Rows, [first, second]: readonly Keyer[]): GroupCodes {
  if (first === undefined) {
    const codes = new Uint8Array(rows.opened.block.rows);
    return { codes, distinct: 1, numbers: () => [0, 0] };
  }
  const one = fieldCodes(rows, first);
  if (second === undefined) {
    return { ...one, numbers: (code) => [one.number(code), 0] };
  }
  return joinCodes(
    rows,
    keyCodes(rows, one, first),
    keyCodes(rows, fieldCodes(rows, second), second),
  );
}

type FieldCodes = Pick<GroupCodes, 'codes' | 'distinct'> & {
  /** The number of a code's keys. */
  readonly number: (code: number) => number;
};

function fieldCodes(rows: Rows, { column: name, numberOf }: Keyer): FieldCodes {
  const column = rows.opened.block.column(name);
  if (column.kind === 'values') {
    const { codes, distinct, value } = column;
    return { codes, distinct, number: (code) => numberOf(value(code)) };
  }
  const values = numberer<unknown>();
  const codes = codeRows(rows, (row) => values.numberOf(valueAt(column, row)));
  const { numbered } = values;
  return { codes, distinct: numbered.length, number: (code) => numberOf(numbered[code]) };
}

/** The numbers of the rows' keys in place of their codes. */
function keyCodes(
  rows: Rows,
  { codes, distinct, number }: FieldCodes,
  keyer: Keyer,
): Pick<GroupCodes, 'codes' | 'distinct'> {
  /** One more than the number, 0 where it is not known yet. */
  const numbers = new Uint32Array(distinct);
  const numbered = codeRows(rows, (row) => {
    const code = codes[row] ?? 0;
    const known = numbers[code] ?? 0;
    return (known > 0 ? known : (numbers[code] = number(code) + 1)) - 1;
  });
  return { codes: numbered, distinct: keyer.size };
}

/** Gives codes to the pairs that rows have, of which there are fewer than there could be. */
function joinCodes(
  rows: Rows,
  first: Pick<GroupCodes, 'codes' | 'distinct'>,
  second: Pick<GroupCodes, 'codes' | 'distinct'>,
): GroupCodes {
  const { distinct } = second;
  const { numberOf, numbered } = numbererBelow(first.distinct * distinct);
  const codes = codeRows(rows, (row) =>
    numberOf((first.codes[row] ?? 0) * distinct + (second.codes[row] ?? 0)),
  );
  return {
    codes,
    distinct: numbered.length,
    numbers(code) {
      const pair = numbered[code] ?? 0;
      return [Math.floor(pair / distinct), pair % distinct];
    },
  };
}

function codeRows(
  { opened: { block }, from, to, rows }: Rows,
  codeOf: (row: number) => number,
): Uint32Array {
  const codes = new Uint32Array(block.rows);
  for (let row = from; row < to; row++) {
    if (rows === undefined || rows[row] === 1) codes[row] = codeOf(row);
  }
  return codes;
}
