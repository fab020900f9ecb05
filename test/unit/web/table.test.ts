import { expect, test } from 'vitest';
import { FlowTable } from '../../../web/src/state/table.svelte.ts';
import { flowJson } from './flows.ts';

const MORE_THAN_IS_KEPT = 20_001;
const flows = (from: number, count: number) =>
  Array.from({ length: count }, (_, i) => flowJson(from + i));

function tableOfOne(): FlowTable {
  const table = new FlowTable();
  table.receive([flowJson(1)], 0);
  table.commit();
  return table;
}

test('what waited while a row was chosen comes on top when it is let go', () => {
  const table = tableOfOne();
  table.setStill(true);
  table.receive(flows(2, 3), 0);
  table.commit();
  table.setStill(false);
  expect(table.rows.map(({ seq }) => seq)).toEqual([4, 3, 2, 1]);
});

test('after an overflow nothing goes on top of the rows until they are read anew: there is a hole between', () => {
  const table = tableOfOne();
  table.setStill(true);
  table.receive(flows(2, MORE_THAN_IS_KEPT), 0);
  table.commit();
  expect(table.held).toMatchObject({ count: MORE_THAN_IS_KEPT, overflowed: true });

  table.setStill(false);
  table.receive(flows(MORE_THAN_IS_KEPT + 2, 1), 0);
  table.commit();
  expect(table.rows.map(({ seq }) => seq)).toEqual([1]);
  expect(table.held.count).toBe(MORE_THAN_IS_KEPT + 1);

  table.reset();
  expect(table.held).toEqual({ count: 0, drops: 0, overflowed: false });
});
