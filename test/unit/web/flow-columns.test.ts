import { expect, test } from 'vitest';
import { COLUMN_IDS, DEFAULT_COLUMNS, type ColumnId } from '../../../server/core/column-ids.ts';
import { parseQuery } from '../../../server/query/parse.ts';
import { fitColumns, gridOf } from '../../../web/src/pages/live/column-widths.ts';
import { columnsOf } from '../../../web/src/pages/live/flow-columns.ts';
import { endJson, flowJson } from './flows.ts';

const all = columnsOf(DEFAULT_COLUMNS);
const idsAt = (width: number): readonly string[] => fitColumns(all, width).map(({ id }) => id);

test('a window of 1,440 pixels has room for every column', () => {
  expect(idsAt(1_368)).toEqual(DEFAULT_COLUMNS);
});

test('as room gets less, what the panel tells anyway goes first, and the policy last', () => {
  const left = [1_300, 1_250, 1_100, 800].map((width) =>
    DEFAULT_COLUMNS.filter((id) => !idsAt(width).includes(id)).join(' '),
  );
  expect(left).toEqual([
    'origin',
    'node origin',
    'direction node origin',
    'direction policy node origin',
  ]);
});

test('the time, the verdict, both ends, the port and the reason never go', () => {
  expect(idsAt(0)).toEqual(['time', 'verdict', 'source', 'destination', 'port', 'reason']);
});

test('whatever is shown fits without scrolling sideways, down to what never goes', () => {
  const least = gridOf(fitColumns(all, 0)).minWidth;
  for (let width = least; width < 1_500; width += 7)
    expect(gridOf(fitColumns(all, width)).minWidth).toBeLessThanOrEqual(width);
});

test('every column that an address may name has a label of its own', () => {
  const labels = columnsOf(COLUMN_IDS).map(({ label }) => label);
  expect(labels).toHaveLength(COLUMN_IDS.length);
  expect(new Set(labels).size).toBe(labels.length);
});

test('a cell filters on what it shows, and on absence where it is empty', () => {
  const flow = flowJson(1, {
    source: endJson({ namespace: 'shop', service: '', identity: 0 }),
    counts: { ...flowJson(1).counts, bytesForward: 10, bytesReverse: 5 },
  });
  const terms = (id: ColumnId): readonly string[] => columnsOf([id])[0]!.terms(flow);
  expect(terms('from.ns')).toEqual(['from.ns:shop']);
  expect(terms('from.svc')).toEqual(['from.svc:none']);
  expect(terms('from.identity')).toEqual(['from.identity:none']);
  expect(terms('bytes')).toEqual(['bytes:15']);
  for (const id of COLUMN_IDS)
    for (const term of terms(id)) expect(parseQuery(term), term).toMatchObject({ ok: true });
});
