import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DROP_STATES } from '../../../server/core/drop-state.ts';
import { HARM_KINDS } from '../../../server/core/harm.ts';
import { COLUMN_IDS } from '../../../server/core/column-ids.ts';
import {
  DEFAULT_VIEW,
  formatView,
  parseView,
  SCREENS,
  type View,
} from '../../../web/src/state/url.ts';

/** Addresses that people have kept. What one of them means never changes; add lines, alter none. */
const KEPT: readonly (readonly [string, Partial<View>])[] = [
  ['/', {}],
  ['/live', {}],
  ['/nowhere', {}],
  ['/policies', { screen: 'policies' }],
  ['/sources', { screen: 'sources' }],
  ['/live?q=verdict:dropped+ns:shop&qv=1', { q: 'verdict:dropped ns:shop' }],
  ['/live?q=verdict%3Adropped%20ns%3Ashop&qv=1', { q: 'verdict:dropped ns:shop' }],
  ['/live?t=now-1h..now', { t: 'now-1h..now' }],
  [
    '/live?t=2026-05-03T10:00:00.000Z..2026-05-03T11:00:00.000Z',
    { t: '2026-05-03T10:00:00.000Z..2026-05-03T11:00:00.000Z' },
  ],
  ['/live?t=yesterday', {}],
  ['/live?t=now..now-1h', {}],
  ['/live?cols=time,source,reason', { cols: ['time', 'source', 'reason'] }],
  ['/live?cols=time,shoe-size', { cols: ['time'] }],
  ['/live?cols=', {}],
  ['/live?sel=4711', { sel: '4711' }],
  ['/live?sel=DROP%20TABLE', {}],
  ['/live?cols=to.ns,l7,bytes', { cols: ['to.ns', 'l7', 'bytes'] }],
  ['/live?cols=time,time', { cols: ['time'] }],
  ['/live?asof=17', {}],
  [
    '/live?t=2026-05-03T10:00:00Z..2026-05-03T11:00:00Z&asof=17',
    { t: '2026-05-03T10:00:00Z..2026-05-03T11:00:00Z', asof: '17' },
  ],
  ['/live?t=now-2h..now-1h&asof=-1', { t: 'now-2h..now-1h' }],
  ['/live?tz=utc', { tz: 'utc' }],
  ['/live?tz=mars', {}],
  ['/policies?sort=-denied', { screen: 'policies', sort: '-denied' }],
  [
    '/policies?at=2026-05-03T10:00:00Z&pod=shop/cart-6d5f8-x&wl=shop/cart',
    {
      ...{ screen: 'policies', at: '2026-05-03T10:00:00Z' },
      ...{ pod: 'shop/cart-6d5f8-x', wl: 'shop/cart' },
    },
  ],
  ['/policies?wl=shop%2Fcart', { screen: 'policies', wl: 'shop/cart' }],
  ['/policies?pod=cart', { screen: 'policies' }],
  ['/live?pod=shop/cart', {}],
  [
    '/policies/NetworkPolicy/shop/web?pod=shop/cart',
    { screen: 'policies', sel: 'NetworkPolicy/shop/web', pod: 'shop/cart' },
  ],
  [
    '/policies?sel=NetworkPolicy::shop/redis',
    { screen: 'policies', sel: 'NetworkPolicy::shop/redis' },
  ],
  ['/live?q=a%26b=c&qv=1', { q: 'a&b=c' }],
  ['/drops', { screen: 'drops' }],
  [
    '/drops?state=new,ongoing&sort=-count',
    { screen: 'drops', states: ['new', 'ongoing'], sort: '-count' },
  ],
  ['/drops?state=sideways', { screen: 'drops' }],
  [
    '/drops/:shop%2Fcart%7C:shop%2Fdb%7C5432%7Ctcp%7Cegress%7CPOLICY_DENIED?t=now-1h..now',
    { screen: 'drops', sel: ':shop/cart|:shop/db|5432|tcp|egress|POLICY_DENIED', t: 'now-1h..now' },
  ],
  ['/drops?sel=:shop/cart', { screen: 'drops', sel: ':shop/cart' }],
  ['/drops/%', { screen: 'drops' }],
  ['/drops/reasons', { screen: 'reasons' }],
  ['/drops/reasons/', { screen: 'reasons' }],
  [
    '/drops/reasons/POLICY_DENIED?t=now-1h..now',
    { screen: 'reasons', sel: 'POLICY_DENIED', t: 'now-1h..now' },
  ],
  ['/drops?harm=harmful,unclear', { screen: 'drops', harms: ['harmful', 'unclear'] }],
  ['/drops?harm=none', { screen: 'drops' }],
  ['/live?sel=4711&why=now', { sel: '4711', why: 'now' }],
  ['/live?sel=4711&why=never', { sel: '4711' }],
  [
    '/policies/NetworkPolicy/shop/redis?t=now-1h..now&at=2026-05-03T10:00:00.000Z',
    {
      screen: 'policies',
      sel: 'NetworkPolicy/shop/redis',
      t: 'now-1h..now',
      at: '2026-05-03T10:00:00.000Z',
    },
  ],
  [
    '/policies/GlobalNetworkPolicy/-/default.deny?at=lately',
    { screen: 'policies', sel: 'GlobalNetworkPolicy/-/default.deny' },
  ],
];

describe('an address', () => {
  test.each(KEPT)('%s keeps its meaning', (href, meaning) => {
    expect(parseView(href)).toEqual({ ...DEFAULT_VIEW, ...meaning });
  });

  test('says nothing that is the default', () => {
    expect(formatView(DEFAULT_VIEW)).toBe('/live');
  });

  test('leaves queries legible', () => {
    expect(formatView({ ...DEFAULT_VIEW, q: 'ip:10.0.0.0/8 port:80,443' })).toBe(
      '/live?q=ip:10.0.0.0/8+port:80,443&qv=1',
    );
  });

  test('brings any drop group back from its path', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (name) => {
        const view: View = { ...DEFAULT_VIEW, screen: 'drops', sel: `:${name}|6379|tcp` };
        expect(parseView(formatView(view))).toEqual(view);
      }),
    );
  });

  test('brings any policy back from its path, with the time that it is of', () => {
    const name = fc.string({ unit: 'grapheme', minLength: 1 }).map((text) => `x${text}`);
    fc.assert(
      fc.property(name, (text) => {
        const sel = `NetworkPolicy/shop/${text}`;
        const at = '2026-05-03T10:00:00.000000001Z';
        const [pod, wl] = ['shop/cart-6d5f8-x', 'shop/cart'];
        const view: View = { ...DEFAULT_VIEW, screen: 'policies', sel, at, pod, wl };
        expect(parseView(formatView(view))).toEqual(view);
      }),
    );
  });

  test('brings every view back', () => {
    const anyRange = fc.constantFrom(
      { t: 'now-15m..now', asof: '' },
      { t: 'now-3h..now-1h', asof: '' },
      { t: '2026-05-03T10:00:00Z..now', asof: '' },
      { t: '2026-05-03T10:00:00Z..2026-05-03T11:00:00Z', asof: '4711' },
    );
    const anyRest = fc.record({
      screen: fc.constantFrom(...SCREENS),
      q: fc.string(),
      cols: fc.shuffledSubarray([...COLUMN_IDS], { minLength: 1 }),
      sel: fc.constantFrom('', '1', '90071992547409'),
      states: fc.subarray([...DROP_STATES]),
      harms: fc.subarray([...HARM_KINDS]),
      sort: fc.constantFrom('', 'name', '-denied'),
      why: fc.constantFrom('' as const, 'then' as const, 'now' as const),
      at: fc.constant(''),
      pod: fc.constant(''),
      wl: fc.constant(''),
      tz: fc.constantFrom('local' as const, 'utc' as const),
    });
    fc.assert(
      fc.property(anyRange, anyRest, (range, rest) => {
        const view: View = { ...rest, ...range };
        expect(parseView(formatView(view))).toEqual(view);
      }),
    );
  });
});
