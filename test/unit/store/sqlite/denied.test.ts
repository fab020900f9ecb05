import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileQuery } from '../../../../server/query/compile.ts';
import { matches } from '../../../../server/query/match.ts';
import { parseQuery } from '../../../../server/query/parse.ts';
import { impliesDenied, isDenied } from '../../../../server/store/sqlite/denied.ts';
import { anyExpression, anyFlow } from '../../../support/arbitrary.ts';

const implies = (text: string): boolean => {
  const parsed = parseQuery(text);
  if (!parsed.ok) throw new Error(`${text} is no query`);
  return impliesDenied(compileQuery(parsed.where));
};

test.each([
  'verdict:dropped',
  'verdict:audited',
  'verdict:dropped,audited ns:shop',
  'reason:POLICY_DENIED',
  'reason:/DENIED/ OR verdict:audited',
  '(verdict:dropped OR ns:shop) verdict:dropped',
  '-verdict:forwarded,error,unknown',
])('%s asks for denied flows only', (text) => {
  expect(implies(text)).toBe(true);
});

test.each([
  '',
  'ns:shop',
  '-verdict:dropped',
  'verdict:dropped OR ns:shop',
  '-verdict:forwarded',
  '-verdict:forwarded,error',
  'reason:none',
  'policy:redis-ingress',
  'DENIED',
])("'%s' may ask for others too", (text) => {
  expect(implies(text)).toBe(false);
});

test('a query that asks for denied flows only matches no other', () => {
  fc.assert(
    fc.property(anyExpression, fc.array(anyFlow, { maxLength: 30 }), (where, flows) => {
      fc.pre(impliesDenied(compileQuery(where)));
      for (const flow of flows)
        if (matches(compileQuery(where))(flow)) expect(isDenied(flow)).toBe(true);
    }),
    { numRuns: 200, maxSkipsPerRun: 1_000 },
  );
});

test('a verdict whose word a test looks at is not taken for known', () => {
  const condition = {
    kind: 'test',
    column: 'verdict',
    test: (value: unknown) => JSON.stringify(value).includes('NEWER'),
  } as const;
  expect(impliesDenied(condition)).toBe(false);
});
