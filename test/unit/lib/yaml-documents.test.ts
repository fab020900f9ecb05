import { expect, test } from 'vitest';
import { readYamlDocuments } from '../../../server/lib/yaml-documents.ts';

const faultsIn = (text: string) =>
  readYamlDocuments(text).flatMap((read) => (read.ok ? [] : [read.fault]));

test('each document is read for itself, and a value knows its line', () => {
  const text = 'kind: A\nspec:\n  rules:\n    - port: 80\n---\nkind: [\n---\nkind: B\n';
  const [first, second, third] = readYamlDocuments(text);
  expect(first?.ok && first.document.value).toEqual({ kind: 'A', spec: { rules: [{ port: 80 }] } });
  expect(first?.ok && first.document.lineOf(['spec', 'rules', 0, 'port'])).toBe(4);
  expect(first?.ok && first.document.lineOf(['spec', 'rules', 0, 'absent'])).toBe(4);
  expect(second?.ok).toBe(false);
  expect(third?.ok && third.document.value).toEqual({ kind: 'B' });
});

test('JSON is read too', () => {
  const [read] = readYamlDocuments('{"kind": "A"}');
  expect(read?.ok && read.document.value).toEqual({ kind: 'A' });
});

test('aliases that multiply are refused (fault 31)', () => {
  const level = (name: string, of: string) =>
    `${name}: &${name} [${Array(9).fill(`*${of}`).join()}]`;
  const names = 'abcdefghi'.split('');
  const bomb = ['a: &a [x]', ...names.slice(1).map((name, at) => level(name, names[at] ?? ''))];
  expect(faultsIn(bomb.join('\n'))).toHaveLength(1);
  expect(faultsIn('a: &a [x]\nb: *a')).toEqual([]);
});

test.each([
  ['a tag of its own kind', 'a: !!js/function "function () {}"', 1],
  ['a duplicate key', 'a: 1\nb: 2\na: 3', 3],
  ['a thousand brackets', `a: ${'['.repeat(5000)}`, 1],
  ['a tower of maps', Array.from({ length: 200 }, (_, at) => `${' '.repeat(at)}a:`).join('\n'), 64],
])('%s is refused, with its line (fault 32)', (_, text, line) => {
  const [fault] = faultsIn(text);
  expect(fault?.line).toBeGreaterThanOrEqual(line);
  expect(fault?.message).not.toBe('');
});
