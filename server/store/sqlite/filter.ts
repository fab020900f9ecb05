import { findField } from '../../core/fields.ts';
import type { Comparable, Field, FlowColumn } from '../../core/field.ts';
import type { Expression } from '../../query/ast.ts';
import { compileQuery, type ColumnTest } from '../../query/compile.ts';
import { necessary } from '../../query/necessary.ts';
import { foldValue } from '../../query/value-test.ts';
import { valueAt, type Block } from '../../columns/block.ts';

/**
 * A Bloom filter of what a block's flows say in the fields that are asked for most, of either end. It answers
 * "none of the flows" or "perhaps some"; docs/block-format.md describes its bytes.
 */
export type BlockFilter = Buffer;

const FIELDS: readonly Field[] = ['ns', 'wl', 'pod', 'ip', 'policy'].map((name) => {
  const field = findField(name);
  if (field === undefined) throw new Error(`no field ${name}`);
  return field;
});

const BITS_PER_WORD = 10;
const PROBES = 4;
const MIN_BYTES = 8;
/** A block of a port scan or of a flood has thousands of addresses; then the filter lets more pass. */
const MAX_BYTES = 16 * 1024;

/** One that tells of many blocks has more words. */
const MAX_WIDE_BYTES = 64 * 1024;

/** The columns of which a filter knows all values. */
export const FILTER_COLUMNS: readonly FlowColumn[] = [
  ...new Set(FIELDS.flatMap(({ columns }) => columnsOfField(columns))),
];

export const filterOf = (block: Block): BlockFilter =>
  filterOfValues((name) => valuesIn(block, name), MAX_BYTES);

/** Of what several blocks hold in the columns. */
export const wideFilterOf = (valuesOf: (name: FlowColumn) => Iterable<unknown>): BlockFilter =>
  filterOfValues(valuesOf, MAX_WIDE_BYTES);

function filterOfValues(
  valuesOf: (name: FlowColumn) => Iterable<unknown>,
  maxBytes: number,
): BlockFilter {
  const hashes = new Set<number>();
  for (const field of FIELDS) {
    for (const name of columnsOfField(field.columns)) {
      for (const value of valuesOf(name)) {
        for (const hash of hashesOf(field, value)) hashes.add(hash);
      }
    }
  }
  const bytes = Math.ceil((hashes.size * BITS_PER_WORD) / 8);
  const filter = Buffer.alloc(Math.min(maxBytes, Math.max(MIN_BYTES, bytes)));
  for (const hash of hashes) {
    for (const bit of bitsOf(hash, filter)) {
      filter[bit >>> 3] = (filter[bit >>> 3] ?? 0) | (1 << (bit & 7));
    }
  }
  return filter;
}

/** At either end. */
function columnsOfField(columns: Field['columns']): readonly FlowColumn[] {
  return typeof columns === 'string' ? [columns] : [columns.from, columns.to];
}

function* valuesIn(block: Block, name: FlowColumn): Iterable<unknown> {
  const column = block.column(name);
  const distinct = column.kind === 'values' ? column.distinct : block.rows;
  for (let index = 0; index < distinct; index++) {
    yield column.kind === 'values' ? column.value(index) : valueAt(column, index);
  }
}

type Hashes = readonly number[];

/**
 * The hashes of values that are known: blocks share them, and to fold and hash words is what takes time. Endpoints are
 * large, and pods come and go for ever, so that they are known only as long as somebody else holds them.
 */
const KNOWN = new Map(
  FIELDS.map((field) => [
    field,
    { texts: new Map<unknown, Hashes>(), objects: new WeakMap<object, Hashes>() },
  ]),
);
const MOST_TEXTS = 16_384;

function hashesOf(field: Field, value: unknown): Hashes {
  const known = KNOWN.get(field);
  const isObject = typeof value === 'object' && value !== null;
  let hashes = isObject ? known?.objects.get(value) : known?.texts.get(value);
  if (hashes === undefined) {
    const words: readonly Comparable[] = field.project(value as never);
    hashes = words.map((word) => hashOf(field, foldValue(word, field)));
    if (isObject) known?.objects.set(value, hashes);
    else {
      if (known?.texts.size === MOST_TEXTS) known.texts.clear();
      known?.texts.set(value, hashes);
    }
  }
  return hashes;
}

/** FNV-1a over the UTF-8 bytes of the field's name, a zero, and the word. */
function hashOf({ name }: Field, word: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(`${name}\0${word}`)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** The second hash is the first one mixed, and odd, so that a word's bits differ. */
function bitsOf(hash: number, filter: BlockFilter): readonly number[] {
  const step = (Math.imul(hash ^ (hash >>> 15), 0x85ebca6b) | 1) >>> 0;
  const size = filter.length * 8;
  return Array.from({ length: PROBES }, (_, probe) => (hash + probe * step) % size);
}

/** Whether a block with this filter may hold a match. */
export type FilterTest = (filter: BlockFilter) => boolean;

/** What a query asks of a filter; `undefined` where no filter can rule it out. */
export function filterTest(where: Expression | undefined): FilterTest | undefined {
  return necessary<FilterTest>(compileQuery(where), {
    test: wordsTest,
    every: (parts) => (filter) => parts.every((part) => part(filter)),
    some: (parts) => (filter) => parts.some((part) => part(filter)),
  });
}

function wordsTest({ oneOf }: ColumnTest): FilterTest | undefined {
  const field = FIELDS.find(({ name }) => name === oneOf?.name);
  if (field === undefined) return undefined;
  const hashes = oneOf?.words.map((word) => hashOf(field, word)) ?? [];
  return (filter) =>
    hashes.some((hash) =>
      bitsOf(hash, filter).every((bit) => ((filter[bit >>> 3] ?? 0) & (1 << (bit & 7))) !== 0),
    );
}
