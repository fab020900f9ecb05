import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openBlock, type Block } from '../../../server/columns/block.ts';
import { encodeFlows, writeBlock } from '../../../server/columns/encoded-block.ts';
import { evaluate, rowNumbers } from '../../../server/columns/evaluate.ts';
import type { Flow } from '../../../server/core/flow.ts';
import { createViewIndex, type ViewIndex } from '../../../server/live/view-index.ts';
import { compileQuery } from '../../../server/query/compile.ts';
import { anyExpression, anyFlow } from '../../support/arbitrary.ts';
import { aDrop, aFlow } from '../../support/flow.ts';
import { liveQuery } from '../../support/live.ts';

const blockOf = (flows: readonly Flow[]): Block => openBlock(writeBlock(encodeFlows(flows)));

function matchesOf<V>(index: ViewIndex<V>, block: Block): Map<V, readonly number[]> {
  const found = new Map<V, readonly number[]>();
  index.match(block, (view, rows) => {
    expect(found.has(view)).toBe(false);
    found.set(view, rows);
  });
  return found;
}

test('of any queries that come and go, the index finds the rows that each evaluates to', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(anyFlow, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 3 }),
      fc.array(fc.record({ where: anyExpression, leaves: fc.boolean() }), { maxLength: 12 }),
      (batches, queries) => {
        const index = createViewIndex<number>();
        const views = queries.map(({ where, leaves }, view) => ({
          ...{ view, leaves },
          condition: compileQuery(where),
        }));
        for (const { view, condition } of views) index.add(view, condition);
        for (const { view, leaves } of views) if (leaves) index.delete(view);

        for (const block of batches.map(blockOf)) {
          const expected = views
            .filter(({ leaves }) => !leaves)
            .map(({ view, condition }) => {
              const rows = rowNumbers(evaluate(condition, block, undefined), block.rows);
              return [view, rows] as const;
            })
            .filter(([, rows]) => rows.length > 0);
          expect(matchesOf(index, block)).toEqual(new Map(expected));
        }
      },
    ),
    { numRuns: 2_000 },
  );
});

const shop = aFlow();
const END = shop.source;
const block = blockOf([
  shop,
  aDrop({ source: { ...END, namespace: 'other' }, destinationPort: 53, protocol: 'UDP' }),
  aFlow({ sourceIp: '::ffff:10.0.0.9', destinationPort: 443 }),
]);

test.each([
  ['ns:shop', [0, 1, 2]],
  ['from.ns:other', [1]],
  ['ns:shop,other', [0, 1, 2]],
  ['verdict:denied to.ns:shop', [1]],
  ['port:53', [1]],
  ['port:53 OR port:443', [1, 2]],
  ['port:53,443 -proto:udp', [2]],
  ['proto:udp', [1]],
  ['ip:10.0.0.9', [2]],
  ['app=db', [0, 1, 2]],
  ['from.app=db', []],
  ['-ns:other', [0, 2]],
  ['wl:none', []],
  ['', [0, 1, 2]],
])('%s finds the rows %j', (text, rows) => {
  const index = createViewIndex<string>();
  index.add(text, liveQuery(text).condition);
  expect(matchesOf(index, block).get(text) ?? []).toEqual(rows);
});
