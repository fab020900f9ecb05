import { valueAt, type Block } from '../columns/block.ts';
import { evaluate, rowMatcher, rowNumbers } from '../columns/evaluate.ts';
import type { FlowColumn } from '../core/field.ts';
import type { ColumnTest, Condition, OneOf } from '../query/compile.ts';
import { necessary } from '../query/necessary.ts';

/**
 * Finds the views that a block has rows for. Most queries ask for exact words (`ns:shop`, `pod:web-0`): such a view
 * is kept under its words, and costs nothing where a block says none of them. The others are tried on every block.
 */
export type ViewIndex<V> = {
  add(view: V, condition: Condition): void;
  delete(view: V): void;
  /** Tells of each view that has matches, with their rows in order. */
  match(block: Block, found: (view: V, rows: readonly number[]) => void): void;
};

/** A test that passes only where a column says one of some words. */
type WordTest = ColumnTest & { readonly oneOf: OneOf };

type Entry<V> = {
  readonly view: V;
  /** The rows that match are those with one of these words for which `rest` holds. */
  readonly words: readonly WordTest[];
  readonly rest: Condition;
  /** Rows of the block at hand that say one of the words. */
  rows: number[];
};

/** Of one column, what is asked of what its values say under one name. */
type Asked<V> = { readonly says: OneOf['says']; readonly byWord: Map<string, Set<Entry<V>>> };

type Index<V> = Map<FlowColumn, Map<string, Asked<V>>>;

const ALL: Condition = { kind: 'all' };

export function createViewIndex<V>(): ViewIndex<V> {
  const entries = new Map<V, Entry<V>>();
  const indexed = new Map<FlowColumn, Map<string, Asked<V>>>();
  const unindexed = new Set<Entry<V>>();

  const setsOf = ({ column, oneOf: { name, says, words } }: WordTest): readonly Set<Entry<V>>[] => {
    const byName = getOrAdd(indexed, column, () => new Map<string, Asked<V>>());
    const { byWord } = getOrAdd(byName, name, (): Asked<V> => ({ says, byWord: new Map() }));
    return words.map((word) => getOrAdd(byWord, word, () => new Set<Entry<V>>()));
  };

  return {
    add(view, condition) {
      const words = wordsOf(condition);
      const rest = words.length === 0 ? condition : restOf(condition, words);
      const entry: Entry<V> = { view, words, rest, rows: [] };
      entries.set(view, entry);
      if (words.length === 0) unindexed.add(entry);
      for (const set of words.flatMap(setsOf)) set.add(entry);
    },
    delete(view) {
      const entry = entries.get(view);
      if (entry === undefined) return;
      entries.delete(view);
      unindexed.delete(entry);
      for (const { column, oneOf } of entry.words) {
        const byName = indexed.get(column);
        const byWord = byName?.get(oneOf.name)?.byWord;
        for (const word of oneOf.words) {
          const set = byWord?.get(word);
          set?.delete(entry);
          if (set?.size === 0) byWord?.delete(word);
        }
        if (byWord?.size === 0) byName?.delete(oneOf.name);
        if (byName?.size === 0) indexed.delete(column);
      }
    },
    match(block, found) {
      for (const entry of entriesIn(indexed, block)) {
        const { view, rest, rows } = entry;
        entry.rows = [];
        const matching = rest === ALL ? rows : rows.filter(rowMatcher(rest, block));
        if (matching.length > 0) found(view, matching);
      }
      for (const { view, rest } of unindexed) {
        const rows = rowNumbers(evaluate(rest, block, undefined), block.rows);
        if (rows.length > 0) found(view, rows);
      }
    },
  };
}

function getOrAdd<K, T>(map: Map<K, T>, key: K, make: () => T): T {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}

/** Fields by how few rows one of their values has, fewest first; those that are not named have more. */
const SELECTIVE = [
  'id',
  'ip',
  'pod',
  'fqdn',
  'policy',
  'wl',
  'identity',
  'svc',
  'port',
  'node',
  'ns',
];

type Choice = { readonly words: readonly WordTest[]; readonly rank: number };

/** The words of which each match says one; of several such lists that with the fewest rows. None: no such list. */
function wordsOf(condition: Condition): readonly WordTest[] {
  const choice = necessary<Choice>(condition, {
    test(test) {
      if (!isWordTest(test)) return undefined;
      const rank = SELECTIVE.indexOf(test.oneOf.name);
      return { words: [test], rank: rank < 0 ? SELECTIVE.length : rank };
    },
    every: (parts) => parts.reduce((best, part) => (part.rank < best.rank ? part : best)),
    some: (parts) => ({
      words: parts.flatMap(({ words }) => words),
      rank: Math.max(...parts.map(({ rank }) => rank)),
    }),
  });
  return choice?.words ?? [];
}

const isWordTest = (test: ColumnTest): test is WordTest => test.oneOf !== undefined;

/** What is left to ask of rows that say one of the words. */
function restOf(condition: Condition, words: readonly ColumnTest[]): Condition {
  const isAsked = (part: Condition): boolean => part.kind === 'test' && words.includes(part);
  if (isAsked(condition)) return ALL;
  if (condition.kind === 'or' && condition.of.every(isAsked)) return ALL;
  if (condition.kind !== 'and') return condition;
  const rest = condition.of.map((part) => restOf(part, words)).filter((part) => part !== ALL);
  return rest.length === 0 ? ALL : { kind: 'and', of: rest };
}

/** The entries of which the block says a word, each with the rows that do. */
function entriesIn<V>(indexed: Index<V>, block: Block): readonly Entry<V>[] {
  const columns = [...indexed].map(([name, asked]) =>
    entriesByRow(block, name, [...asked.values()]),
  );
  const entries: Entry<V>[] = [];
  for (let row = 0; row < block.rows; row += 1) {
    for (const entriesAt of columns) {
      for (const entry of entriesAt(row)) {
        const { rows } = entry;
        if (rows.length === 0) entries.push(entry);
        if (rows[rows.length - 1] !== row) rows.push(row);
      }
    }
  }
  return entries;
}

const NO_ENTRIES: readonly never[] = [];

/** Each distinct value of a column is looked up once. */
function entriesByRow<V>(
  block: Block,
  name: FlowColumn,
  asked: readonly Asked<V>[],
): (row: number) => readonly Entry<V>[] {
  const lookUp = (value: unknown): readonly Entry<V>[] => {
    let entries: Entry<V>[] | undefined;
    for (const { says, byWord } of asked) {
      for (const word of says(value as never)) {
        const saying = byWord.get(word);
        if (saying !== undefined) (entries ??= []).push(...saying);
      }
    }
    return entries ?? NO_ENTRIES;
  };
  const column = block.column(name);
  if (column.kind === 'values') {
    const { codes, distinct, value } = column;
    const byCode = Array.from({ length: distinct }, (_, code) => lookUp(value(code)));
    return (row) => byCode[codes[row] ?? 0] ?? NO_ENTRIES;
  }
  const byValue = new Map<unknown, readonly Entry<V>[]>();
  return (row) => {
    const value = valueAt(column, row);
    let entries = byValue.get(value);
    if (entries === undefined) byValue.set(value, (entries = lookUp(value)));
    return entries;
  };
}
