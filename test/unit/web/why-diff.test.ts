import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type DiffLine, diffLines, diffParts } from '../../../web/src/ui/diff-lines.ts';
import { readExplanation } from '../../support/explanations.ts';

const without = (lines: readonly DiffLine[], kind: DiffLine['kind']): string =>
  lines
    .filter((line) => line.kind !== kind)
    .map(({ text }) => `${text}\n`)
    .join('');

const anyText = fc
  .array(fc.constantFrom('a', 'b', 'c', '  d', '', '# é', '\u{1F600}'), { maxLength: 40 })
  .map((lines) => lines.map((line) => `${line}\n`).join(''));

test('what stays and was removed is the text before; what stays and was added the text after', () => {
  fc.assert(
    fc.property(anyText, anyText, (before, after) => {
      const lines = diffLines(before, after);
      expect(without(lines, 'added')).toBe(before);
      expect(without(lines, 'removed')).toBe(after);
    }),
  );
});

test('texts that are the same differ in no line', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      expect(diffLines(text, text).every(({ kind }) => kind === 'same')).toBe(true);
    }),
  );
});

test('a rule that is added is all that stands out, and comments stay', () => {
  const { before, after } = readExplanation('01-default-deny-peer').suggestion!.parts[0]!;
  const lines = diffLines(before, after);
  expect(lines.filter(({ kind }) => kind === 'removed')).toEqual([]);
  expect(lines.filter(({ kind }) => kind === 'added').map(({ text }) => text.trim())).toEqual([
    '- to:',
    '- podSelector:',
    'matchLabels:',
    'app: redis',
    'ports:',
    '- port: 6379',
    'protocol: TCP',
  ]);
  expect(lines).toContainEqual({ kind: 'same', text: '    # Every pod may look names up.' });
});

test('lines far from a change are left out, and counted', () => {
  const many = Array.from({ length: 20 }, (_, i) => `line ${i}\n`);
  const parts = diffParts(diffLines(many.join(''), [...many.slice(0, 19), 'last\n'].join('')));
  expect(parts.map(({ kind }) => kind)).toEqual(['left-out', 'lines']);
  expect(parts[0]).toEqual({ kind: 'left-out', count: 16 });
});
