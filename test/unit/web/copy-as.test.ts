import { describe, expect, test } from 'vitest';
import { toHubble } from '../../../server/query/hubble/to-hubble.ts';
import { copyItems, copyText, type Copyable } from '../../../web/src/pages/live/copy-as.ts';
import { columnsOf } from '../../../web/src/pages/live/flow-columns.ts';
import { DEFAULT_VIEW } from '../../../web/src/state/url.ts';
import { dropJson, endJson } from './flows.ts';

const FLOW = dropJson(1, { source: endJson({ namespace: 'a\tb', workload: '=cmd()' }) });

const copyable = (change: Partial<Copyable> = {}): Copyable => ({
  view: { ...DEFAULT_VIEW, q: 'verdict:dropped' },
  flow: FLOW,
  rows: [FLOW],
  columns: columnsOf(['time', 'from.wl', 'source']),
  link: 'http://page.invalid/live',
  hubble: undefined,
  ...change,
});

describe('what is copied', () => {
  test('for a spreadsheet has the recorded time, no tab within a cell, and no formula (fault 77)', () => {
    expect(copyText(copyable(), 'tsv')?.text).toBe(
      "Time\tFrom workload\tSource\n2026-05-03T10:00:00.000000001Z\t'=cmd()\ta b/=cmd()",
    );
  });

  test('as JSON is the flow as the API writes it', () => {
    expect(JSON.parse(copyText(copyable(), 'flow')?.text ?? '')).toEqual(FLOW);
    expect(JSON.parse(copyText(copyable(), 'json')?.text ?? '')).toEqual([FLOW]);
  });

  test('cannot be chosen where there is nothing, and the menu says why', () => {
    const items = copyItems(
      copyable({ view: { ...DEFAULT_VIEW, q: '' }, flow: undefined, rows: [] }),
    );
    expect(items.filter(({ disabled }) => disabled).map(({ id }) => id)).toEqual([
      'query',
      'flow',
      'json',
      'tsv',
      'hubble',
    ]);
    for (const { disabled, detail } of items) if (disabled) expect(detail).not.toBe('');
  });

  test('is a Hubble command only where that says the same', () => {
    const itemOf = (q: string) =>
      copyItems(copyable({ hubble: toHubble(q) })).find(({ id }) => id === 'hubble');
    expect(itemOf('verdict:dropped')?.detail).toMatch(/^hubble observe .*--verdict DROPPED/);
    const unsayable = itemOf('source:relay-1');
    expect(unsayable?.disabled).toBe(true);
    expect(unsayable?.detail).not.toMatch(/^hubble/);
  });
});
