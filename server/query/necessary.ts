import type { ColumnTest, Condition } from './compile.ts';

/** How what is known of a query's parts becomes what is known of the whole. */
export type Necessary<T> = {
  /** What a flow that passes the test must fulfil; `undefined` where nothing is known. */
  readonly test: (test: ColumnTest) => T | undefined;
  /** A match must fulfil all of these, of which there is at least one. */
  readonly every: (parts: readonly T[]) => T;
  /** A match must fulfil one of these. */
  readonly some: (parts: readonly T[]) => T;
};

/**
 * What every match of a query must fulfil, so that whatever does not need not be asked; `undefined` where nothing
 * is known. One part of an AND says something of the whole, but of an OR each part must. A negation says nothing.
 */
export function necessary<T>(condition: Condition, known: Necessary<T>): T | undefined {
  switch (condition.kind) {
    case 'test':
      return known.test(condition);
    case 'and': {
      const parts = condition.of
        .map((part) => necessary(part, known))
        .filter((part) => part !== undefined);
      return parts.length === 0 ? undefined : known.every(parts);
    }
    case 'or': {
      const parts = condition.of
        .map((part) => necessary(part, known))
        .filter((part) => part !== undefined);
      return parts.length < condition.of.length ? undefined : known.some(parts);
    }
    case 'all':
    case 'not':
      return undefined;
  }
}
