/** Gives numbers to values in the order in which they come. */
export type Numberer<T> = {
  readonly numberOf: (value: T) => number;
  /** The values by their numbers. */
  readonly numbered: readonly T[];
};

export function numberer<T>(): Numberer<T> {
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
export const numbererBelow = (limit: number): Numberer<number> =>
  limit <= MAX_TABLE ? smallNumberer(limit) : numberer<number>();

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
