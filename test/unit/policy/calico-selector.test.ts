import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseSelector } from '../../../server/policy/dialects/calico-selector-parse.ts';
import {
  selectorHolds,
  selectorText,
  type Selector,
} from '../../../server/policy/dialects/calico-selector.ts';
import type { Truth } from '../../../server/policy/truth.ts';
import { sampleLines } from '../../support/samples.ts';

type Vector = {
  readonly selector: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly match?: boolean;
  readonly error?: true;
  readonly canonical?: string;
};

const vectors = sampleLines('calico/selector-vectors.jsonl').map(
  (line) => JSON.parse(line) as Vector,
);

type LabelValues = Readonly<Record<string, string | undefined>>;

/** `undefined` among the labels: it is not known whether it is there. */
const hold = (selector: Selector, labels: LabelValues): Truth =>
  selectorHolds(selector, {
    label: (key) => (Object.hasOwn(labels, key) ? labels[key] : null),
    all: 'yes',
    global: 'yes',
  });

function read(text: string): Selector {
  const result = parseSelector(text);
  if (!result.ok) throw new Error(`${text} ${result.message}`);
  return result.selector;
}

describe('selectors are read and hold as in Calico', () => {
  for (const { selector, labels, match, canonical, error } of vectors) {
    if (error)
      test(`${selector} is refused`, () => {
        expect(parseSelector(selector).ok).toBe(false);
      });
    if (canonical !== undefined)
      test(`${selector} is written ${canonical}`, () => {
        expect(selectorText(read(selector))).toBe(canonical);
      });
    if (match !== undefined)
      test(`${selector} ${match ? 'holds' : 'fails'} for ${JSON.stringify(labels)}`, () => {
        expect(hold(read(selector), labels ?? {})).toBe(match ? 'yes' : 'no');
      });
  }
});

test.each([
  ['in in {"in"}', { in: 'in' }],
  ['has == "x" && all != "y"', { has: 'x' }],
  ['a in {"b",}', { a: 'b' }],
  ['a notin{}', {}],
  ['has( a )&&a startswith"x"', { a: 'xy' }],
  ['a.b/c-d_e == ""', { 'a.b/c-d_e': '' }],
] as const)('%s holds', (text, labels) => {
  expect(hold(read(text), labels)).toBe('yes');
});

test.each([
  ['a == "b"\n', 'an operator or the end is expected'],
  ['has (a)', 'an operator after "has" is expected'],
  ['a == b', 'a text in quotes is expected'],
  ['a in {"b" "c"}', "',' or '}' is expected"],
  [`${'('.repeat(500)}all()${')'.repeat(500)}`, 'nested too deeply'],
  [`${'x'.repeat(513)} == "a"`, 'more than 512 characters'],
  [`a in {${'"b",'.repeat(400)}}`, 'longer than 1024 characters'],
])('%s is refused with the reason', (text, message) => {
  const result = parseSelector(text);
  expect(result.ok ? '' : result.message).toContain(message);
});

const label = fc.constantFrom('a', 'b', 'app.kubernetes.io/name', 'in', 'has');
const value = fc.constantFrom('', 'x', 'xy', "it's", 'say "yes"');

const { selector: anySelector } = fc.letrec<{ selector: Selector }>((tie) => ({
  selector: fc.oneof(
    { maxDepth: 4 },
    fc.record({ kind: fc.constantFrom('all' as const, 'global' as const) }),
    fc.record({ kind: fc.constant('has' as const), label }),
    fc.record({
      kind: fc.constantFrom('==', '!=', 'contains', 'starts with', 'ends with'),
      label,
      value,
    }),
    fc.record({
      kind: fc.constantFrom('in' as const, 'not in' as const),
      label,
      values: fc.uniqueArray(value).map((values) => [...values].sort()),
    }),
    tie('selector').map((operand): Selector =>
      operand.kind === 'not' ? operand.operand : { kind: 'not', operand },
    ),
    fc.record({
      kind: fc.constantFrom('and' as const, 'or' as const),
      operands: fc.array(tie('selector'), { minLength: 2, maxLength: 3 }),
    }),
  ),
}));

const anyLabels = fc.dictionary(label, value, { noNullPrototype: true });

test('what is written is read as what it was, in 10,000 selectors', () => {
  fc.assert(
    fc.property(anySelector, (selector) => {
      const text = selectorText(selector);
      fc.pre(text.length <= 1024);
      expect(read(text)).toEqual(selector);
    }),
    { numRuns: 10_000 },
  );
});

test('a label that is not known leaves an answer as it is or open, in 10,000 selectors', () => {
  fc.assert(
    fc.property(anySelector, anyLabels, label, (selector, labels, hidden) => {
      const known = hold(selector, labels);
      const less = hold(selector, { ...labels, [hidden]: undefined });
      expect([known, 'unknown']).toContain(less);
    }),
    { numRuns: 10_000 },
  );
});
