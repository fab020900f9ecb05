import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FIELDS, findField } from '../../server/core/fields.ts';
import type { Expression } from '../../server/query/ast.ts';
import { parseQuery } from '../../server/query/parse.ts';
import { printQuery } from '../../server/query/print.ts';
import { openSqliteStore } from '../../server/store/sqlite/sqlite-store.ts';
import { runDropwise } from '../support/dropwise.ts';
import { batchOf } from '../support/flow.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { CORPUS_FLOWS, CORPUS_QUERIES, namesOf } from './query-corpus.ts';
import { EVALUATORS, linesOf, type Asked } from './query-evaluators.ts';

function read(q: string): Expression | undefined {
  const parsed = parseQuery(q);
  if (!parsed.ok) throw new Error(parsed.error.message);
  return parsed.where;
}

describe.each(EVALUATORS)('$name', ({ open }) => {
  let asked: Asked;

  beforeAll(async () => {
    asked = await open(
      CORPUS_FLOWS,
      CORPUS_QUERIES.map(({ q }) => q),
    );
  });

  afterAll(async () => {
    await asked[Symbol.asyncDispose]();
  });

  test.each(CORPUS_QUERIES)('$about: $q finds $finds', async ({ q, finds }) => {
    expect(namesOf(await asked.find(q))).toEqual(finds);
  });
});

describe('a process of its own', () => {
  const asked = CORPUS_QUERIES.filter(({ q }) =>
    [
      '',
      '-ns:shop',
      'app!=web',
      `ns:"x' OR 1=1--"`,
      'l7.path:"/a,b?c=\\"d\\"(e)"',
      'ip:::ffff:10.9.0.1',
    ].includes(q),
  );

  test('finds the same', async () => {
    expect(asked).toHaveLength(6);
    await using directory = await temporaryDirectory();
    {
      await using store = await openSqliteStore({ directory: directory.path });
      await store.append(batchOf(CORPUS_FLOWS));
    }
    for (const { q, finds } of asked) {
      const { code, stdout } = await runDropwise([
        ...['flows', '--since', 'all', '--output', 'json', '--data', directory.path, '--', q],
      ]);
      expect({ q, code, finds: namesOf(linesOf(stdout)) }).toEqual({ q, code: 0, finds });
    }
  });
});

describe('the corpus', () => {
  test.each(CORPUS_QUERIES)('$q reads back the same from its canonical text', ({ q }) => {
    const where = read(q);
    const canonical = printQuery(where);

    expect(read(canonical)).toEqual(where);
    expect(printQuery(read(canonical))).toBe(canonical);
  });

  test('asks for every field, under each of its names, of each side, and for every choice', () => {
    const terms = CORPUS_QUERIES.flatMap(({ q }) => [
      ...q.matchAll(/(?<![\w".])((?:from\.|to\.)?)([\w.]+):(\S+)/g),
    ]);
    const asked = new Set(
      terms.flatMap(([, side, name = '', values = '']) => {
        const field = findField(name)?.name;
        const choices = values.split(',').map((value) => `${field}:${value}`);
        return [`${name}:`, `${side}${field}:`, ...choices];
      }),
    );
    const wanted = FIELDS.flatMap(({ name, aliases, columns, choices = {} }) => [
      ...[name, ...aliases].map((word) => `${word}:`),
      ...(typeof columns === 'string' ? [] : [`from.${name}:`, `to.${name}:`]),
      ...Object.entries(choices).flatMap(([choice, others]) =>
        [choice, ...others].map((word) => `${name}:${word}`),
      ),
    ]);

    expect(wanted.filter((word) => !asked.has(word))).toEqual([]);
    expect(CORPUS_QUERIES.length).toBeGreaterThanOrEqual(170);
  });
});
