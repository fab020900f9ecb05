import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findField } from '../../../server/core/fields.ts';
import type { Expression, FieldTerm, LabelTerm } from '../../../server/query/ast.ts';
import { compileQuery } from '../../../server/query/compile.ts';
import { matches } from '../../../server/query/match.ts';
import { parseQuery } from '../../../server/query/parse.ts';
import { anyExpression, anyFlow } from '../../support/arbitrary.ts';
import { aFlow } from '../../support/flow.ts';

const holds = (where: Expression | undefined, flow = aFlow()): boolean =>
  matches(compileQuery(where))(flow);

const anySidelessTerm = anyExpression.filter(
  (where): where is FieldTerm | LabelTerm =>
    (where.kind === 'field' || where.kind === 'label') && where.side === undefined,
);

test('a term without a side means either end, and a list means any of its values', () => {
  fc.assert(
    fc.property(anySidelessTerm, anyFlow, (term, flow) => {
      const plain: FieldTerm | LabelTerm =
        term.kind === 'label' ? { ...term, negated: false } : term;
      const hasSides =
        plain.kind === 'label' || typeof findField(plain.field)?.columns !== 'string';
      // `is:reply` belongs to the flow, so it is asked without a side only.
      const sides = hasSides ? (['from', 'to', undefined] as const) : ([undefined] as const);
      const isAny = plain.values.some((value) =>
        sides.some((side) => holds({ ...plain, side, values: [value] }, flow)),
      );
      const isNegated = term.kind === 'label' && term.negated;

      expect(holds(term, flow)).toBe(isNegated ? !isAny : isAny);
    }),
    { numRuns: 1000 },
  );
});

test('and, or and not mean what they say, for every query and flow', () => {
  fc.assert(
    fc.property(anyExpression, anyExpression, anyFlow, (left, right, flow) => {
      const [isLeft, isRight] = [holds(left, flow), holds(right, flow)];
      expect(holds({ kind: 'and', of: [left, right] }, flow)).toBe(isLeft && isRight);
      expect(holds({ kind: 'or', of: [left, right] }, flow)).toBe(isLeft || isRight);
      expect(holds({ kind: 'not', of: left }, flow)).toBe(!isLeft);
    }),
    { numRuns: 500 },
  );
});

test('random queries find a useful share of random flows', () => {
  const sample = fc.sample(fc.tuple(anyExpression, anyFlow), { numRuns: 500, seed: 1 });
  const found = sample.filter(([where, flow]) => holds(where, flow)).length;

  expect(found).toBeGreaterThan(75);
  expect(found).toBeLessThan(425);
});

test('a text with SQL in it is only a text (fault 21)', () => {
  const parsed = parseQuery(`ns:"x' OR 1=1--"`);
  if (!parsed.ok) throw new Error(parsed.error.message);
  const inNamespace = (namespace: string): boolean =>
    holds(parsed.where, aFlow({ source: { ...aFlow().source, namespace } }));

  expect(inNamespace("x' OR 1=1--")).toBe(true);
  expect(inNamespace('x')).toBe(false);
});

test('a regular expression that explodes elsewhere is answered for 10,000 letters (fault 23)', () => {
  const parsed = parseQuery('pod:/(a+)+$/');
  if (!parsed.ok) throw new Error(parsed.error.message);
  const find = matches(compileQuery(parsed.where));
  const letters = 'a'.repeat(10_000);

  // To try every way to divide the letters takes longer than any test may.
  expect(find(aFlow({ source: { ...aFlow().source, pod: `${letters}!` } }))).toBe(false);
  expect(find(aFlow({ source: { ...aFlow().source, pod: letters } }))).toBe(true);
});
