import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chipsOf } from '../../../web/src/state/chips.ts';
import { canonical } from '../../../web/src/state/query-terms.ts';

describe('chips', () => {
  test('say each part of the text, and what it is without or against it', () => {
    expect(chipsOf('verdict:dropped -ns:shop')).toEqual([
      {
        term: 'verdict:dropped',
        negated: false,
        removed: '-ns:shop',
        turned: '-verdict:dropped -ns:shop',
      },
      {
        term: 'ns:shop',
        negated: true,
        removed: 'verdict:dropped',
        turned: 'verdict:dropped ns:shop',
      },
    ]);
  });

  test('take a query with OR on its outside as one', () => {
    expect(chipsOf('ns:a OR ns:b')).toEqual([
      { term: 'ns:a OR ns:b', negated: false, removed: '', turned: '-(ns:a OR ns:b)' },
    ]);
  });

  test('are none of a query that is empty or cannot be read', () => {
    expect(chipsOf('')).toEqual([]);
    expect(chipsOf('colour:red')).toEqual([]);
  });

  test('turned twice bring the text back', () => {
    const terms = ['ns:a', '-port:80', 'verdict:dropped', '(ns:b OR ns:c)', '-app=web', 'text'];
    fc.assert(
      fc.property(fc.subarray(terms, { minLength: 1 }), fc.nat(), (some, pick) => {
        const q = canonical(some.join(' '));
        const at = pick % some.length;
        const turned = chipsOf(q)[at]?.turned ?? '';
        expect(turned).not.toBe(q);
        expect(chipsOf(turned)[at]?.turned).toBe(q);
      }),
    );
  });
});
