import { describe, expect, test } from 'vitest';
import { exportHref, frozen } from '../../../web/src/state/links.ts';
import { DEFAULT_VIEW } from '../../../web/src/state/url.ts';

const NOW = Date.parse('2026-05-03T10:00:00.000Z');
const PAST = '2026-05-03T08:00:00Z..2026-05-03T09:00:00Z';

describe('a link that is copied', () => {
  test('has the range of now as times, and the newest flow that was shown', () => {
    expect(frozen({ ...DEFAULT_VIEW, t: 'now-1h..now' }, { now: NOW, head: 17 })).toEqual({
      t: '2026-05-03T09:00:00.000Z..2026-05-03T10:00:00.000Z',
      asof: '17',
    });
  });

  test('keeps a range of the past to the letter, and what was frozen before', () => {
    expect(frozen({ ...DEFAULT_VIEW, t: PAST, asof: '5' }, { now: NOW, head: 17 })).toEqual({
      t: PAST,
      asof: '5',
    });
  });

  test('says no number where nothing is stored', () => {
    expect(frozen({ ...DEFAULT_VIEW, t: PAST }, { now: NOW, head: 0 })).toEqual({
      t: PAST,
      asof: '',
    });
  });
});

test('an export asks for what is on screen, and for columns only where it has them', () => {
  const view = {
    ...DEFAULT_VIEW,
    q: 'a&b=c',
    t: PAST,
    asof: '5',
    cols: ['time', 'to.ns'] as const,
  };
  const csv = new URL(exportHref(view, 'csv'), 'http://page.invalid');
  expect(csv.pathname).toBe('/api/v1/flows.csv');
  expect(Object.fromEntries(csv.searchParams)).toEqual({
    q: 'a&b=c',
    t: PAST,
    asof: '5',
    cols: 'time,to.ns',
  });
  expect(exportHref({ ...view, q: '', asof: '' }, 'json')).toBe(
    `/api/v1/flows.json?t=${encodeURIComponent(PAST)}`,
  );
});
