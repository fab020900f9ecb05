import { describe, expect, test } from 'vitest';
import type { Command } from '../../../web/src/state/commands.svelte.ts';
import { paletteGroups, type PaletteFacts } from '../../../web/src/state/palette.ts';
import { BUILT_IN } from '../../../web/src/state/saved-view.ts';

const commands: readonly Command[] = [
  { id: 'live', label: 'Go to Live', keys: 'g l', run: () => undefined },
  { id: 'pause', label: 'Pause or resume', keys: 'p', run: () => undefined },
];

const find = (text: string, facts: Partial<PaletteFacts> = {}) =>
  paletteGroups(text, { commands, views: BUILT_IN, q: '', suggestions: undefined, ...facts });
const labels = (text: string, facts: Partial<PaletteFacts> = {}) =>
  find(text, facts).map(({ title, items }) => [title, ...items.map(({ label }) => label)]);

describe('the palette', () => {
  test('offers everything before something is typed, and no query', () => {
    expect(find('').map(({ title }) => title)).toEqual(['Actions', 'Views', 'Time range']);
  });

  test('finds what has all the words, in any order and case', () => {
    expect(labels('LIVE go')[0]).toEqual(['Actions', 'Go to Live']);
    expect(labels('last 15')[0]).toEqual(['Time range', 'Last 15m']);
    expect(labels('drops policy')[0]).toEqual(['Views', 'Drops by policy', 'Non-policy drops']);
  });

  test('takes a text that can be read as a query: beside the one that there is, or in its place', () => {
    const items = find('verdict:denied', { q: 'ns:shop' }).flatMap((group) => group.items);
    expect(items.map(({ label, does }) => [label, does])).toEqual([
      ['Filter on verdict:dropped', { kind: 'query', q: 'ns:shop verdict:dropped' }],
      ['Only verdict:dropped', { kind: 'query', q: 'verdict:dropped' }],
    ]);
  });

  test('takes namespace and name for a pod or a workload, whose policies it leads to', () => {
    const [policies] = find('shop/cart').filter(({ title }) => title === 'Policies');
    expect(policies?.items.map(({ label, does }) => [label, does])).toEqual([
      ['Policies that select shop/cart', { kind: 'pod', name: 'shop/cart' }],
    ]);
    for (const text of ['shop', 'from.pod:shop/cart', '10.0.0.0/8 x'])
      expect(find(text).map(({ title }) => title)).not.toContain('Policies');
  });

  test('goes on typing with what may follow', () => {
    const suggestions = { from: 6, to: 8, options: [{ label: 'redis', detail: '12' }] };
    const items = find('to.wl:re', { suggestions }).flatMap((group) => group.items);
    expect(items.at(-1)).toEqual({
      id: 'type-to.wl:redis',
      label: 'to.wl:redis',
      detail: '12',
      does: { kind: 'type', text: 'to.wl:redis' },
    });
  });
});
