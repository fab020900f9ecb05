import { describe, expect, test } from 'vitest';
import { AppError } from '../../../../server/core/errors.ts';
import { readAllowList } from '../../../../server/operations/audit/allow-list.ts';

const TODAY = '2026-11-23';
const entry = (fields: Readonly<Record<string, string>>): string =>
  Object.entries({ from: 'a/b', to: 'c/d', until: TODAY, reason: 'because', ...fields })
    .map(([name, value], at) => `${at === 0 ? '  - ' : '    '}${name}: ${value}\n`)
    .join('');
const listOf = (...entries: readonly string[]) =>
  readAllowList('accepted.yaml', `accept:\n${entries.join('')}`, TODAY);
const EDGE = { from: 'shop/web', to: 'shop/db', port: '5432/tcp' };

describe('an accepted edge', () => {
  test.each([
    ['shop/web', true],
    ['shop/*', true],
    ['*/web', true],
    ['*', true],
    ['s*p/*b', true],
    ['shop/web*', true],
    ['**', true],
    ['shop/we', false],
    ['shop/web-2', false],
    ['*/w', false],
    ['shop/web*web', false],
    ['*web*shop*', false],
    ['shop.web', false],
    ['Shop/web', false],
  ])('from %s', (pattern, isAccepted) => {
    const list = listOf(entry({ from: `'${pattern}'`, to: "'*'" }));
    expect(list.accepts(EDGE)).toBe(isAccepted ? 'because' : undefined);
  });

  test('is accepted with its port, or with any where none is named', () => {
    const named = listOf(entry({ from: "'*'", to: "'*'", port: '5432/tcp' }));
    expect(named.accepts(EDGE)).toBe('because');
    expect(named.accepts({ ...EDGE, port: '5433/tcp' })).toBeUndefined();
    expect(named.accepts({ ...EDGE, port: '5432/udp' })).toBeUndefined();
    const any = listOf(entry({ from: "'*'", to: "'*'" }));
    expect(any.accepts({ ...EDGE, port: 'icmp' })).toBe('because');
  });

  test('is accepted through its last day, and named as expired on the next', () => {
    const all = { from: "'*'", to: "'*'" };
    expect(listOf(entry({ ...all, until: TODAY })).accepts(EDGE)).toBe('because');
    const over = listOf(entry({ ...all, until: '2026-11-22' }));
    expect(over.accepts(EDGE)).toBeUndefined();
    expect(over.expired).toEqual(['* → * *, until 2026-11-22']);
    const both = listOf(
      entry({ ...all, until: '2026-11-22', reason: 'old' }),
      entry({ ...all, reason: 'new' }),
    );
    expect(both.accepts(EDGE)).toBe('new');
  });
});

test.each([
  ['a day that there is not', `accept:\n${entry({ until: '2026-02-30' })}`, ':4: accept.0.until'],
  ['an entry without a reason', 'accept:\n  - from: a\n    to: b\n    until: 2027-01-01\n', ':2: '],
  ['a field that nobody knows', `accept:\n${entry({ untill: '2027-01-01' })}`, ':2: accept.0'],
  ['a port that is a number', `accept:\n${entry({ port: '80' })}`, ':6: accept.0.port'],
  ['the second entry', `accept:\n${entry({})}${entry({ to: "''" })}`, ':7: accept.1.to'],
  ['no list', 'accept: all\n', ':1: accept'],
  ['another document', 'accept: []\n---\naccept: []\n', 'one YAML document'],
  ['nothing', '', 'one YAML document'],
  ['no YAML', 'accept: [\n', 'accepted.yaml:'],
])('%s is a fault with its line', (_, text, where) => {
  const read = (): unknown => readAllowList('accepted.yaml', text, TODAY);
  expect(read).toThrow(AppError);
  expect(read).toThrow('accepted.yaml');
  expect(read).toThrow(where);
});
