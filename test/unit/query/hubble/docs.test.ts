import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { FILTER_FLAGS } from '../../../../server/query/hubble/flags.ts';
import { flagsTable } from '../../../../server/query/hubble/flags-doc.ts';
import { parseQuery } from '../../../../server/query/parse.ts';

/** Cells of a table, however wide a formatter made them. */
const cells = (lines: readonly string[]): readonly string[] =>
  lines
    .filter((line) => line.startsWith('|') && !/^\|[ |-]+\|$/.test(line))
    .map((line) => line.replaceAll(/\s*\|\s*/g, '|'));

test('docs/hubble-flags.md holds the table of the flags', () => {
  const docs = readFileSync(
    new URL('../../../../docs/hubble-flags.md', import.meta.url),
    'utf8',
  ).split('\n');
  expect(cells(docs)).toEqual(cells(flagsTable()));
});

test.each(FILTER_FLAGS.filter(({ query }) => query !== undefined))(
  'the example of --$name is a query',
  ({ query }) => {
    expect(parseQuery(query ?? '')).toMatchObject({ ok: true });
  },
);

test('a flag that becomes nothing says why', () => {
  const silent = FILTER_FLAGS.filter(
    ({ query, note }) => query === undefined && note === undefined,
  );
  expect(silent).toEqual([]);
});
