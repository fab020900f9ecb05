import { expect, test } from 'vitest';
import type { Completions } from '../../../server/query/complete.ts';
import { completions } from '../../../server/query/complete.ts';

/** Completes at the bar in the text. */
function at(marked: string): Completions | undefined {
  const cursor = marked.indexOf('|');
  return completions(marked.replace('|', ''), cursor);
}

const labels = (answer: Completions | undefined): readonly string[] =>
  answer?.options.map(({ label }) => label) ?? [];

test('an empty query offers every field, with what it is about', () => {
  const answer = at('|');
  expect(answer).toMatchObject({ kind: 'field', from: 0, to: 0 });
  expect(labels(answer)).toEqual(expect.arrayContaining(['verdict:', 'ns:', 'l7.path:', 'from.']));
  expect(answer?.options.every(({ detail }) => detail !== undefined)).toBe(true);
});

test('a word that is begun offers what begins so, in place of it', () => {
  const answer = at('ns:shop ver| port:80');
  expect(answer).toMatchObject({ kind: 'field', from: 8, to: 11, typed: 'ver' });
  expect(labels(answer)).toEqual(['verdict:']);
});

test('after a side only fields that have sides are offered', () => {
  expect(labels(at('to.|'))).toContain('to.ns:');
  expect(labels(at('to.|'))).not.toContain('to.verdict:');
  expect(labels(at('(-from.po|'))).toEqual(['from.pod:', 'from.port:']);
});

test('after a colon the choices of the field are offered', () => {
  expect(at('verdict:|')).toMatchObject({ kind: 'value', field: 'verdict', from: 8, to: 8 });
  expect(labels(at('verdict:d|'))).toEqual(['dropped']);
  expect(labels(at('verdict:dropped,|'))).toContain('audited');
  expect(labels(at('is:|'))).toContain('reply');
  expect(labels(at('to.is:|'))).not.toContain('reply');
});

test('for other fields it says whose values to look up', () => {
  expect(at('a OR to.namespace:sh|')).toMatchObject({
    kind: 'value',
    field: 'ns',
    side: 'to',
    typed: 'sh',
    from: 18,
    to: 20,
  });
  expect(labels(at('policy:|'))).toEqual(['none', '*']);
  expect(at('ip:10.0.0.0/8,fd|')).toMatchObject({ field: 'ip', typed: 'fd', from: 14 });
});

test('for labels it says the key', () => {
  expect(at('to.app!=re|')).toMatchObject({ kind: 'label', key: 'app', side: 'to', typed: 're' });
});

test('operators are offered between terms and not at the start of one', () => {
  expect(labels(at('ns:shop |'))).toContain('OR');
  expect(labels(at('(|'))).not.toContain('OR');
  expect(at('ns:shop O|')).toMatchObject({ kind: 'operator', from: 8, to: 9 });
  expect(labels(at('ns:shop O|'))).toEqual(['OR']);
});

test('nothing is offered for a field that is none, or inside an open quote', () => {
  expect(at('nope:x|')).toBeUndefined();
  expect(at('pod:"we|')).toBeUndefined();
  expect(at('pod:"we b|')).toBeUndefined();
  expect(at('ns: sh|')).toBeUndefined();
  expect(completions('a'.repeat(3000), 3000)).toBeUndefined();
});
