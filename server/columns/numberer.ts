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
