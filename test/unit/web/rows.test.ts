import { describe, expect, test } from 'vitest';
import type { FlowsResponse } from '../../../server/http/contract.ts';
import { appendRows, findRow, HeldRows, prependRows } from '../../../web/src/state/rows.ts';
import { FlowTable } from '../../../web/src/state/table.svelte.ts';
import { COMPLETE, dropJson, flowJson } from './flows.ts';

const flows = (...seqs: number[]) => seqs.map((seq) => flowJson(seq));
const seqs = (rows: readonly { readonly seq: number }[]) => rows.map(({ seq }) => seq);
const page = (head: number, ...ids: number[]): FlowsResponse => ({
  flows: flows(...ids),
  next: null,
  searching: null,
  head,
  q: '',
  range: null,
  gaps: [],
  completeness: COMPLETE,
});

describe('the rows of the table', () => {
  test('take deliveries on top, newest first', () => {
    expect(seqs(prependRows(flows(3, 2), flows(4, 6)))).toEqual([6, 4, 3, 2]);
  });

  test('leave out what is there already, and what comes twice', () => {
    expect(seqs(prependRows(flows(3, 2), flows(2, 3, 5, 5, 4)))).toEqual([5, 4, 3, 2]);
  });

  test('never grow beyond their limit', () => {
    expect(seqs(prependRows(flows(3, 2), flows(4, 5), 3))).toEqual([5, 4, 3]);
    expect(seqs(appendRows(flows(9, 8), flows(8, 7, 6), 3))).toEqual([9, 8, 7]);
  });

  test('are found by their number', () => {
    const rows = flows(90, 70, 50, 30, 10);
    expect(findRow(rows, 70)).toBe(1);
    expect(findRow(rows, 10)).toBe(4);
    expect(findRow(rows, 60)).toBe(-1);
    expect(findRow([], 1)).toBe(-1);
  });
});

describe('rows that are held back', () => {
  test('count drops apart', () => {
    const held = new HeldRows();
    held.add([flowJson(1), dropJson(2)], 100);
    expect([held.count, held.drops]).toEqual([2, 1]);
    expect(seqs(held.take())).toEqual([1, 2]);
    expect(held.count).toBe(0);
  });

  test('are forgotten beyond 20,000, and go on being counted', () => {
    const held = new HeldRows();
    const many = Array.from({ length: 20_001 }, (_, i) => flowJson(i + 1));
    held.add(many, 1);
    held.add(flows(30_000), 1);
    expect(held.overflowed).toBe(true);
    expect(held.count).toBe(20_002);
    expect(held.take()).toEqual([]);
  });

  test('are forgotten beyond 32 MB', () => {
    const held = new HeldRows();
    held.add(flows(1), 33 * 1024 * 1024);
    expect(held.overflowed).toBe(true);
  });
});

describe('the flow table', () => {
  test('shows each flow once where the first page and the stream overlap', () => {
    const table = new FlowTable();
    table.receive(flows(4, 5, 6), 0);
    table.replace(page(5, 5, 4, 3));
    expect(seqs(table.rows)).toEqual([6, 5, 4, 3]);
  });

  test('stands still while paused and catches up after', () => {
    const table = new FlowTable();
    table.replace(page(1, 1));
    table.setPaused(true);
    table.receive([flowJson(2), dropJson(3)], 10);
    table.commit();
    expect(seqs(table.rows)).toEqual([1]);
    expect(table.held).toMatchObject({ count: 2, drops: 1, overflowed: false });
    table.setPaused(false);
    expect(seqs(table.rows)).toEqual([3, 2, 1]);
    expect(table.held.count).toBe(0);
  });

  test('stays paused when the scrolled list returns to the top', () => {
    const table = new FlowTable();
    table.replace(page(1, 1));
    table.setStill(true);
    table.setPaused(true);
    table.receive(flows(2), 1);
    table.commit();
    table.setStill(false);
    expect(seqs(table.rows)).toEqual([1]);
  });

  test('knows the newest flow even while it waits', () => {
    const table = new FlowTable();
    table.replace(page(1, 1));
    table.setPaused(true);
    table.receive(flows(7), 1);
    table.commit();
    expect(table.newest).toBe(7);
  });
});
