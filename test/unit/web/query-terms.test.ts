import { describe, expect, test } from 'vitest';
import {
  dropOneTerm,
  fieldTerm,
  withoutTerms,
  withTerms,
} from '../../../web/src/state/query-terms.ts';

describe('filtering from a cell', () => {
  test('narrows the query, and does so once', () => {
    const q = withTerms('ns:shop', ['to.port:6379']);
    expect(q).toBe('ns:shop to.port:6379');
    expect(withTerms(q, ['to.port:6379'])).toBe(q);
  });

  test('keeps an OR together', () => {
    expect(withTerms('ns:shop OR ns:pay', ['verdict:dropped'])).toBe(
      '(ns:shop OR ns:pay) verdict:dropped',
    );
  });

  test('excludes all terms of a cell together', () => {
    expect(withoutTerms('verdict:dropped', ['from.ns:shop', 'from.wl:web'])).toBe(
      'verdict:dropped -(from.ns:shop from.wl:web)',
    );
    expect(withoutTerms('', ['dir:egress'])).toBe('-dir:egress');
  });

  test('quotes what would mean something else', () => {
    expect(fieldTerm('wl', 'none')).toBe('wl:"none"');
    expect(fieldTerm('wl', 'a b"c')).toBe('wl:"a b\\"c"');
    expect(fieldTerm('policy', 'shop/redis-ingress')).toBe('policy:shop/redis-ingress');
  });

  test('offers the query without each of its parts', () => {
    expect(dropOneTerm('ns:shop port:9999')).toEqual([
      { term: 'ns:shop', q: 'port:9999' },
      { term: 'port:9999', q: 'ns:shop' },
    ]);
    expect(dropOneTerm('')).toEqual([]);
  });
});
