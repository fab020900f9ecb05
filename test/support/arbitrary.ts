import fc from 'fast-check';
import type { Field } from '../../server/core/field.ts';
import { FIELDS } from '../../server/core/fields.ts';
import type { Expression, Side, Value } from '../../server/query/ast.ts';
import { canonicalAddress } from '../../server/query/address.ts';
import { literal } from '../../server/query/word.ts';
import { WORDS } from './arbitrary-flow.ts';

export { anyFlow } from './arbitrary-flow.ts';

const EVERY_WORD = [
  ...Object.values(WORDS).flat(),
  ...['none', '80..90', '10.0.0.0/8', '>=1', '/re/', '/a{1,2}/', '/x[', 'a*b', '*', '"', '\\', ' '],
  ...['-x', 'OR', 'not', 'a:b', 'a=b', '=a', 'a,b', '(a)', 'é', '\u2003', '😀', "x' OR 1=1--"],
];

const anyPlace = { value: 'value', text: 'text' } as const;

const anyLiteral = (place: keyof typeof anyPlace): fc.Arbitrary<Value> =>
  fc
    .oneof(
      { weight: 6, arbitrary: fc.constantFrom(...EVERY_WORD) },
      { weight: 1, arbitrary: fc.string({ minLength: 1, maxLength: 8 }) },
    )
    .map((text) => literal(text, anyPlace[place]));

const anyPattern: fc.Arbitrary<Value> = fc
  .constantFrom('web-*', '*.example.com', 'shop/*', '*e*', '10.*', 'v*2', '/api*')
  .map((text) => ({ kind: 'word', text, quoted: false }));

const anyRegex: fc.Arbitrary<Value> = fc
  .constantFrom('web|db', '^10\\.', 'e.*e', '/api/', 'a{1,2}', '[,/]', '\\d+$', 'Example', '(a+)+$')
  .map((source) => ({ kind: 'regex', source }));

const PRESENCE: fc.Arbitrary<Value> = fc.constantFrom<Value[]>({ kind: 'any' }, { kind: 'none' });

const NUMBERS = fc.constantFrom(0, 1, 7, 53, 80, 200, 443, 1000, 2000, 65_535, 2 ** 40);

const anyRange: fc.Arbitrary<Value> = fc.oneof(
  NUMBERS.map((value): Value => {
    const bound = { value, inclusive: true };
    return { kind: 'range', from: bound, to: bound };
  }),
  fc.tuple(NUMBERS, NUMBERS).map(([one, other]): Value => ({
    kind: 'range',
    from: { value: Math.min(one, other), inclusive: true },
    to: { value: Math.max(one, other), inclusive: true },
  })),
  fc.tuple(NUMBERS, fc.boolean(), fc.boolean()).map(([value, inclusive, isLow]): Value => ({
    kind: 'range',
    from: isLow ? { value, inclusive } : undefined,
    to: isLow ? undefined : { value, inclusive },
  })),
);

const anyAddress: fc.Arbitrary<Value> = fc.oneof(
  fc
    .constantFrom(...WORDS.addresses)
    .map((text) => literal(canonicalAddress(text) ?? text, 'value')),
  fc.constantFrom<Value[]>(
    { kind: 'cidr', address: '10.0.0.0', bits: 8 },
    { kind: 'cidr', address: '0.0.0.0', bits: 0 },
    { kind: 'cidr', address: 'fd00::', bits: 8 },
    { kind: 'cidr', address: '2001:db8::7', bits: 128 },
  ),
  anyPattern,
  anyRegex,
);

function valueOf(field: Field, side: Side | undefined): fc.Arbitrary<Value> {
  switch (field.type) {
    case 'choice': {
      const wholeFlow = side === undefined ? [] : (field.ofFlow ?? []).map(({ choice }) => choice);
      const choices = Object.keys(field.choices ?? {}).filter((word) => !wholeFlow.includes(word));
      return fc.constantFrom(...choices).map((word) => literal(word, 'value'));
    }
    case 'number':
      return fc.oneof({ weight: 4, arbitrary: anyRange }, { weight: 1, arbitrary: PRESENCE });
    case 'address':
      return fc.oneof({ weight: 4, arbitrary: anyAddress }, { weight: 1, arbitrary: PRESENCE });
    case 'text':
      return fc.oneof(
        { weight: 4, arbitrary: anyLiteral('value') },
        { weight: 1, arbitrary: fc.oneof(anyPattern, anyRegex, PRESENCE) },
      );
  }
}

const valuesOf = (value: fc.Arbitrary<Value>): fc.Arbitrary<Value[]> =>
  fc.array(value, { minLength: 1, maxLength: 3 });

const SIDES = fc.constantFrom<(Side | undefined)[]>('from', 'to', undefined);

const anyFieldTerm: fc.Arbitrary<Expression> = fc
  .tuple(fc.constantFrom(...FIELDS), SIDES)
  .chain(([field, wanted]) => {
    const side = typeof field.columns === 'string' ? undefined : wanted;
    return valuesOf(valueOf(field, side)).map((values): Expression => ({
      kind: 'field',
      side,
      field: field.name,
      values,
    }));
  });

const anyLabelTerm: fc.Arbitrary<Expression> = fc.record({
  kind: fc.constant('label' as const),
  side: SIDES,
  key: fc.constantFrom(...WORDS.labelKeys),
  negated: fc.boolean(),
  values: valuesOf(fc.oneof(anyLiteral('value'), anyPattern, anyRegex, PRESENCE)),
});

const anyTextTerm: fc.Arbitrary<Expression> = fc
  .oneof(anyLiteral('text'), anyPattern, anyRegex)
  .map((value): Expression => ({ kind: 'text', value }));

const anyTerm = fc.oneof(
  { weight: 6, arbitrary: anyFieldTerm },
  { weight: 2, arbitrary: anyLabelTerm },
  { weight: 1, arbitrary: anyTextTerm },
);

/** As the parser joins: nothing of a kind inside its own kind. */
const join = (kind: 'and' | 'or', parts: readonly Expression[]): Expression => ({
  kind,
  of: parts.flatMap((part) => (part.kind === kind ? part.of : [part])),
});

const negate = (of: Expression): Expression => (of.kind === 'not' ? of.of : { kind: 'not', of });

function expressionOf(height: number): fc.Arbitrary<Expression> {
  if (height === 0) return anyTerm;
  const part = expressionOf(height - 1);
  const parts = fc.array(part, { minLength: 2, maxLength: 3 });
  return fc.oneof(
    anyTerm,
    part.map(negate),
    fc
      .tuple(fc.constantFrom('and' as const, 'or' as const), parts)
      .map(([kind, of]) => join(kind, of)),
  );
}

/** Queries in the form that the parser gives: up to 27 terms, over the same words as `anyFlow`. */
export const anyExpression: fc.Arbitrary<Expression> = expressionOf(3);
