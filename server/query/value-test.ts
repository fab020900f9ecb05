import type { Comparable, Field } from '../core/field.ts';
import { canonicalAddress, cidrTest } from './address.ts';
import type { Value } from './ast.ts';
import { globTest, readRegex } from './pattern.ts';

/** How texts are brought into the form in which they are compared. */
export type Comparison = {
  readonly fold: (text: string) => string;
  readonly ignoreCase: boolean;
};

export const EXACT: Comparison = { fold: (text) => text, ignoreCase: false };
const IGNORE_CASE: Comparison = { fold: (text) => text.toLowerCase(), ignoreCase: true };
const ADDRESS: Comparison = { fold: (text) => canonicalAddress(text) ?? text, ignoreCase: false };

function comparisonOf(field: Field): Comparison {
  if (field.type === 'address') return ADDRESS;
  return field.ignoreCase === true || field.type === 'choice' ? IGNORE_CASE : EXACT;
}

/** True of the values that a column projects to when any of them is among those asked for. */
export function valueTest(
  asked: readonly Value[],
  field: Field,
): (values: readonly Comparable[]) => boolean {
  return listTest(asked, comparisonOf(field));
}

/** Exact words become one set, so that a long list costs no more than one word. */
export function listTest(
  asked: readonly Value[],
  comparison: Comparison,
): (values: readonly Comparable[]) => boolean {
  const words = new Set<string>();
  const tests: ((value: Comparable) => boolean)[] = [];
  for (const value of asked) {
    if (value.kind === 'word' && !isPattern(value)) words.add(comparison.fold(value.text));
    else if (value.kind !== 'none') tests.push(oneTest(value, comparison));
  }
  const takesNone = asked.some((value) => value.kind === 'none');
  const matches = (value: Comparable): boolean =>
    (words.size > 0 && words.has(comparison.fold(String(value)))) ||
    tests.some((test) => test(value));
  return (values) => (values.length === 0 ? takesNone : values.some(matches));
}

/** What a value of the field must be one of, folded; `undefined` where it is asked for in another way too. */
export function exactWords(asked: readonly Value[], field: Field): readonly string[] | undefined {
  const isNumber = field.type === 'number';
  const words = isNumber
    ? asked.map((value) => (isOneNumber(value) ? literalOf(value) : value))
    : asked;
  return listWords(words, comparisonOf(field));
}

/** The words of a list that asks for nothing else, folded. */
export function listWords(
  asked: readonly Value[],
  { fold }: Comparison,
): readonly string[] | undefined {
  const words: string[] = [];
  for (const value of asked) {
    if (value.kind !== 'word' || isPattern(value)) return undefined;
    words.push(fold(value.text));
  }
  return words;
}

const literalOf = ({ from }: OneNumber): Value => ({
  kind: 'word',
  text: String(from.value),
  quoted: true,
});

type OneNumber = { readonly from: { readonly value: number } };

const isOneNumber = (value: Value): value is Value & OneNumber =>
  value.kind === 'range' &&
  value.from?.inclusive === true &&
  value.to?.inclusive === true &&
  value.from.value === value.to.value;

/** The texts that `exactWords` is compared with, of a value that a column projects to. */
export const foldValue = (value: Comparable, field: Field): string =>
  comparisonOf(field).fold(String(value));

const isPattern = (value: Value & { kind: 'word' }): boolean =>
  !value.quoted && value.text.includes('*');

function oneTest(
  value: Exclude<Value, { kind: 'none' }>,
  { fold, ignoreCase }: Comparison,
): (value: Comparable) => boolean {
  switch (value.kind) {
    case 'word': {
      const test = globTest(ignoreCase ? value.text.toLowerCase() : value.text);
      return (text) => test(fold(String(text)));
    }
    case 'regex': {
      const test = regexTest(value.source, ignoreCase);
      // The expression itself ignores case where it should. Folding is for addresses, which can be written in many ways.
      return (text) => test(ignoreCase ? String(text) : fold(String(text)));
    }
    case 'range': {
      const { from, to } = value;
      const low = from === undefined ? -Infinity : from.inclusive ? from.value : from.value + 1;
      const high = to === undefined ? Infinity : to.inclusive ? to.value : to.value - 1;
      return (number) => typeof number === 'number' && low <= number && number <= high;
    }
    case 'cidr': {
      const test = cidrTest(value.address, value.bits);
      return (text) => test(String(text));
    }
    case 'any':
      return () => true;
  }
}

/** The parser has read the expression already, so that it cannot fail here. */
export function regexTest(source: string, ignoreCase: boolean): (text: string) => boolean {
  const regex = readRegex(source, { ignoreCase });
  if (!regex.ok) throw new Error(regex.reason);
  return regex.test;
}
