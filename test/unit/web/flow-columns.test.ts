import { expect, test } from 'vitest';
import { fitColumns, FLOW_COLUMNS, gridOf } from '../../../web/src/pages/live/flow-columns.ts';
import { COLUMN_IDS } from '../../../web/src/state/columns.ts';

const all = COLUMN_IDS.map((id) => FLOW_COLUMNS[id]);
const idsAt = (width: number): readonly string[] => fitColumns(all, width).map(({ id }) => id);

test('a window of 1,440 pixels has room for every column', () => {
  expect(idsAt(1_368)).toEqual(COLUMN_IDS);
});

test('as room gets less, what the panel tells anyway goes first, and the policy last', () => {
  const left = [1_300, 1_250, 1_100, 800].map((width) =>
    COLUMN_IDS.filter((id) => !idsAt(width).includes(id)).join(' '),
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
