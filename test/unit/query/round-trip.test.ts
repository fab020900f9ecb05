import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseQuery } from '../../../server/query/parse.ts';
import { printQuery } from '../../../server/query/print.ts';
import { anyExpression } from '../../support/arbitrary.ts';

test('what is printed reads back the same, for every query', () => {
  fc.assert(
    fc.property(anyExpression, (where) => {
      expect(parseQuery(printQuery(where))).toEqual({ ok: true, where });
    }),
    { numRuns: 2000 },
  );
});

test('any text that parses prints to a text that prints to itself', () => {
  const pieces = [
    'ns:',
    'to.app=',
    'port:',
    'shop',
    '/a/',
    '"x y"',
    ',',
    ' ',
    '(',
    ')',
    '-',
    ' OR ',
    '*',
  ];
  const anyText = fc.oneof(
    fc.string({ maxLength: 20 }),
    fc.array(fc.constantFrom(...pieces), { maxLength: 8 }).map((parts) => parts.join('')),
  );
  let read = 0;
  fc.assert(
    fc.property(anyText, (text) => {
      const parsed = parseQuery(text);
      if (!parsed.ok) {
        expect(parsed.error.from).toBeGreaterThanOrEqual(0);
        expect(parsed.error.to).toBeLessThanOrEqual(text.length);
        return;
      }
      read += 1;
      const canonical = printQuery(parsed.where);
      expect(parseQuery(canonical)).toEqual(parsed);
    }),
    { numRuns: 3000 },
  );
  expect(read).toBeGreaterThan(300);
});
