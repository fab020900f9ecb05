import { describe, expect, test } from 'vitest';
import { DEFAULT_COLUMNS } from '../../../server/core/column-ids.ts';
import { parseQuery } from '../../../server/query/parse.ts';
import { canonical } from '../../../web/src/state/query-terms.ts';
import {
  BUILT_IN,
  isSameView,
  readViews,
  type SavedView,
  writeViews,
} from '../../../web/src/state/saved-view.ts';

const VIEW: SavedView = {
  id: 'a',
  name: 'Redis',
  q: 'port:6379',
  t: 'now-1h..now',
  cols: ['time', 'to.ns'],
  sort: '',
};

describe('saved views', () => {
  test('that come with the program have queries in canonical form', () => {
    expect(BUILT_IN.length).toBeGreaterThan(3);
    for (const { q } of BUILT_IN) {
      expect(parseQuery(q), q).toMatchObject({ ok: true });
      expect(canonical(q)).toBe(q);
    }
  });

  test('are read back from their file as they were', () => {
    expect(readViews(writeViews([VIEW]))).toEqual([VIEW]);
  });

  test.each(['', 'no JSON', '[]', '{"kind":"other","views":[]}', '{"kind":"dropwise-views"}'])(
    'are not found in %j',
    (text) => {
      expect(readViews(text)).toBeUndefined();
    },
  );

  test('of a newer version have the default for what is not known, and are left out without a name', () => {
    const views = [
      { ...VIEW, cols: ['time', 'shoe-size'], t: 'next week', sort: '1; DROP', more: true },
      { ...VIEW, name: '  ' },
      { ...VIEW, name: 'Plain', cols: 'time', q: 7 },
      null,
    ];
    expect(readViews(JSON.stringify({ kind: 'dropwise-views', version: 9, views }))).toEqual([
      { ...VIEW, cols: ['time'], t: 'now-15m..now' },
      { ...VIEW, name: 'Plain', cols: DEFAULT_COLUMNS, q: '' },
    ]);
  });

  test('are the same when they show the same, whatever they are called', () => {
    expect(isSameView(VIEW, { ...VIEW, name: 'Other' } as SavedView)).toBe(true);
    expect(isSameView(VIEW, { ...VIEW, cols: ['to.ns', 'time'] })).toBe(false);
    expect(isSameView(VIEW, { ...VIEW, t: 'now-2h..now' })).toBe(false);
  });
});
