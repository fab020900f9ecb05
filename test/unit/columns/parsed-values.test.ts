import { expect, test } from 'vitest';
import { openBlock, valueAt, type Block } from '../../../server/columns/block.ts';
import { COLUMNS, COLUMN_NAMES } from '../../../server/columns/column-specs.ts';
import { encodeFlows, writeBlock } from '../../../server/columns/encoded-block.ts';
import { createParsedValues } from '../../../server/columns/parsed-values.ts';
import type { Flow } from '../../../server/core/flow.ts';
import { aFlow } from '../../support/flow.ts';

const LIMIT = 100_000;
const { source, l7 } = COLUMNS;

/** Remembers, and says how often it had to parse. */
function counted() {
  const values = createParsedValues(LIMIT);
  let parsed = 0;
  const parse = (json: string): unknown => {
    parsed += 1;
    return JSON.parse(json);
  };
  return {
    get: (json: string, spec = source) => values.get(spec, json, parse),
    parsed: () => parsed,
  };
}

test('equal texts of a column give the same object, and of another column another', () => {
  const { get, parsed } = counted();
  const first = get('["a"]');
  expect(get('["a"]')).toBe(first);
  expect(get('["a"]', l7)).not.toBe(first);
  expect(parsed()).toBe(2);
});

test('what is asked for again and again stays while others come once', () => {
  const { get } = counted();
  const first = get('["endpoint"]');
  for (let index = 0; index < 5_000; index += 1) {
    get(`["/path/${index}"]`, l7);
    if (index % 50 === 0) expect(get('["endpoint"]')).toBe(first);
  }
});

test('what is not asked for any more is forgotten, and a very long text is never kept', () => {
  const { get } = counted();
  const first = get('["endpoint"]');
  for (let index = 0; index < 5_000; index += 1) get(`["/path/${index}"]`, l7);
  expect(get('["endpoint"]')).not.toBe(first);
  const long = JSON.stringify(['x'.repeat(5_000)]);
  expect(get(long)).not.toBe(get(long));
});

const blockOf = (flows: readonly Flow[]): Block => openBlock(writeBlock(encodeFlows(flows)));

test('blocks share endpoints, and hold their texts only until all are parsed', () => {
  const flows = [0, 1].map((index) =>
    aFlow({ source: { ...aFlow().source, pod: `pod-${index}-${'long'.repeat(100)}` } }),
  );
  const [one, other] = [blockOf(flows), blockOf(flows.toReversed())];
  const read = (block: Block, row: number) => valueAt(block.column('source'), row);
  const ends = [read(one, 0), read(one, 1)];
  expect(ends).toEqual(flows.map(({ source: end }) => end));
  expect(read(other, 0)).toBe(ends[1]);
  const before = other.bytes();
  expect(read(other, 1)).toBe(ends[0]);
  expect(other.bytes()).toBeLessThan(before - 800);
});

test('a block that is read whole says of every column what the flows said', () => {
  const flows = [aFlow({ sourcePort: 1 }), aFlow({ sourcePort: 2, sourceIp: '10.0.0.9' })];
  const block = blockOf(flows);
  for (const name of COLUMN_NAMES) {
    for (const [row, flow] of [...flows.entries(), ...flows.entries()]) {
      expect(valueAt(block.column(name), row)).toEqual(flow[name]);
    }
  }
});
