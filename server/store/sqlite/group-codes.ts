import { valueAt, type Block } from '../../columns/block.ts';
import type { Codes } from '../../columns/dictionary.ts';
import { numberer } from '../../columns/numberer.ts';
import { createTuples } from '../../columns/tuples.ts';
import type { GroupRows, Place } from './group-rows.ts';
import type { Grouping } from './grouping.ts';

/**
 * Numbers the lists of keys under which values of a field count, alike in all blocks. Many values have equal keys, as
 * the pods of one workload, and nearly all have one.
 */
type Keyer = {
  readonly column: Grouping['column'];
  numberOf(value: unknown): number;
  keys(number: number): readonly string[];
};

/** Of so many values of a field is known at once under which keys they count. */
const MAX_KNOWN_VALUES = 65_536;

function createKeyer({ column, keys }: Grouping): Keyer {
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
  };
}

/** By what rows are counted: rows of one code count in one place. Only the codes of rows that match mean something. */
export type GroupCodes = {
  readonly codes: Codes;
  readonly distinct: number;
  readonly placeOf: (code: number) => Place;
};

/** Rows of a block that are counted. */
type Rows = {
  readonly opened: { readonly block: Block };
  readonly from: number;
  readonly to: number;
  /** `undefined` where it is all of them. */
  readonly rows: Uint8Array | undefined;
};

export type Grouper = (rows: Rows) => GroupCodes;

/** So many pairs of keys are known at once, in blocks of any number. */
const MAX_KNOWN_PAIRS = 200_000;

/** Finds where rows of blocks count; all of them in one place where there is no field. */
export function createGrouper(groupings: readonly Grouping[], into: GroupRows): Grouper {
  const [first, second] = groupings.map(createKeyer);
  if (first === undefined) {
    const place = into.place([[]]);
    return ({ opened: { block } }) => ({
      ...{ codes: new Uint8Array(block.rows), distinct: 1, placeOf: () => place },
    });
  }
  return second === undefined ? byField(first, into) : byPairs(first, second, into);
}

function byField(keyer: Keyer, into: GroupRows): Grouper {
  const places: Place[] = [];
  const placeOfNumber = (number: number): Place =>
    (places[number] ??= into.place(keyer.keys(number).map((key) => [key])));
  return (rows) => {
    const { codes, distinct, numberOf } = fieldCodes(rows, keyer);
    return { codes, distinct, placeOf: (code) => placeOfNumber(numberOf(code)) };
  };
}

/** Each of the first field with each of the second. Pairs keep their codes from block to block: many stand in all. */
function byPairs(first: Keyer, second: Keyer, into: GroupRows): Grouper {
  let pairs = createTuples(2);
  let places: Place[] = [];
  const placeOf = (pair: number): Place => {
    const seconds = second.keys(pairs.at(pair, 1));
    return (places[pair] ??= into.place(
      first.keys(pairs.at(pair, 0)).flatMap((one) => seconds.map((other) => [one, other])),
    ));
  };
  return (rows) => {
    if (pairs.size > MAX_KNOWN_PAIRS) {
      pairs = createTuples(2);
      places = [];
    }
    const [ones, others] = [fieldCodes(rows, first), fieldCodes(rows, second)];
    const { slot } = pairs;
    const codes = codeRows(rows, (row) => {
      slot[0] = ones.numberOf(ones.codes[row] ?? 0);
      slot[1] = others.numberOf(others.codes[row] ?? 0);
      return pairs.number();
    });
    return { codes, distinct: pairs.size, placeOf };
  };
}

type FieldCodes = Pick<GroupCodes, 'codes' | 'distinct'> & {
  /** The number of a code's keys. */
  readonly numberOf: (code: number) => number;
};

function fieldCodes(rows: Rows, { column: name, numberOf }: Keyer): FieldCodes {
  const column = rows.opened.block.column(name);
  if (column.kind === 'values') {
    const { codes, distinct, value } = column;
    return { codes, distinct, numberOf: onceEach(distinct, (code) => numberOf(value(code))) };
  }
  const values = numberer<unknown>();
  const codes = codeRows(rows, (row) => values.numberOf(valueAt(column, row)));
  const { numbered } = values;
  const { length } = numbered;
  return {
    codes,
    distinct: length,
    numberOf: onceEach(length, (code) => numberOf(numbered[code])),
  };
}

/** Asks for the number of a code when it is first needed. */
function onceEach(distinct: number, numberOf: (code: number) => number): (code: number) => number {
  /** One more than the number, 0 where it is not known yet. */
  const known = new Uint32Array(distinct);
  return (code) => {
    const found = known[code] ?? 0;
    return found > 0 ? found - 1 : (known[code] = numberOf(code) + 1) - 1;
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
