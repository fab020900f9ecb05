import { describe, expect, test } from 'vitest';
import {
  exportHref,
  frozen,
  podHref,
  podSubject,
  policyHref,
  subjectOfEnd,
} from '../../../web/src/state/links.ts';
import { DEFAULT_VIEW, parseView } from '../../../web/src/state/url.ts';

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

describe('a link to the policies of an end', () => {
  const AT = '2026-05-03T09:30:00.123456789Z';
  const hrefOf = (end: Parameters<typeof subjectOfEnd>[0]): string | undefined => {
    const subject = subjectOfEnd(end);
    return subject && podHref(subject, { ...DEFAULT_VIEW, at: AT });
  };

  test('names the pod, its workload in case it is not known, and the time of the flow', () => {
    const href = hrefOf({ namespace: 'shop', pod: 'cart-6d5f8-x', workload: 'cart' });
    expect(href).toBe(`/policies?at=${AT}&pod=shop/cart-6d5f8-x&wl=shop/cart`);
    expect(podSubject(parseView(href ?? ''))).toEqual({
      ...{ namespace: 'shop', pod: 'cart-6d5f8-x', workload: 'cart' },
    });
  });

  test('names the workload alone where the record does', () => {
    const href = hrefOf({ namespace: 'shop', pod: '', workload: 'cart' });
    expect(podSubject(parseView(href ?? ''))).toEqual({
      ...{ namespace: 'shop', pod: '', workload: 'cart' },
    });
  });

  test('is not there for what is no pod', () => {
    expect(hrefOf({ namespace: '', pod: '', workload: '' })).toBeUndefined();
    expect(podSubject(DEFAULT_VIEW)).toBeUndefined();
  });

  test('a workload of another namespace than the pod is not meant', () => {
    expect(podSubject({ pod: 'shop/cart-x', wl: 'ops/cart' })).toEqual({
      ...{ namespace: 'shop', pod: 'cart-x', workload: '' },
    });
  });
});

test('a policy whose kind no agent told has a page all the same', () => {
  const href = policyHref({ kind: '', namespace: 'shop', name: 'web' }, DEFAULT_VIEW);
  expect(parseView(href).sel).toBe('unknown/shop/web');
});
