import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createTextNumbers, numberOfText } from '../../../server/columns/text-numbers.ts';

const anyTexts = fc.array(
  fc.oneof(
    fc.constantFrom('', 'a', 'ab', 'abcd', 'abcde', 'abcd\0', 'é', '["workload"]'),
    fc.string({ maxLength: 40, unit: 'binary' }),
    fc.nat({ max: 3_000 }).map((number) => `10.0.${number >> 8}.${number & 255}`),
  ),
  { maxLength: 200 },
);

test('equal texts have one number, counted from 1 in the order in which they come', () => {
  fc.assert(
    fc.property(anyTexts, (texts) => {
      const numbers = createTextNumbers(() => false);
      const known = new Map<string, number>();
      for (const text of texts) {
        // Halves of characters that stand alone have no bytes of their own.
        const told = text.toWellFormed();
        if (!known.has(told)) known.set(told, known.size + 1);
        expect(numberOfText(text, numbers)).toBe(known.get(told));
      }
    }),
  );
});

test('many texts are still told apart when the tables have grown', () => {
  const numbers = createTextNumbers(() => false);
  const texts = Array.from({ length: 20_000 }, (_, at) => `["workload","shop","web-${at}"]`);
  for (const round of [1, 2]) {
    const given = texts.map((text) => numberOfText(text, numbers));
    expect(given, `round ${round}`).toEqual(texts.map((_, at) => at + 1));
  }
});

test('a text is numbered where it stands, whatever is around it', () => {
  const numbers = createTextNumbers(() => false);
  const bytes = new TextEncoder().encode('xabcdefgyabcdefg');
  const view = new DataView(bytes.buffer);
  expect(numbers.numberOf(view, 1, 8)).toBe(1);
  expect(numbers.numberOf(view, 9, 16)).toBe(1);
  expect(numbers.numberOf(view, 0, 8)).toBe(2);
  expect(numbers.numberOf(view, 1, 7)).toBe(3);
});

test('once closed it knows what came before, and takes no more', () => {
  let closed = false;
  const numbers = createTextNumbers(() => closed);
  expect(numberOfText('first', numbers)).toBe(1);
  closed = true;
  expect(numberOfText('second', numbers)).toBe(0);
  expect(numberOfText('first', numbers)).toBe(1);
});
