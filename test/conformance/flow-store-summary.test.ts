import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nanos } from '../../server/core/time.ts';
import { anyExpression } from '../support/arbitrary.ts';
import { countInMemory } from '../support/count-in-memory.ts';
import { ALL_TIME, anyBatches, appendAll, engines } from '../support/flow-stores.ts';
import { aFlow } from '../support/flow.ts';

describe.each(engines)('$name', (engine) => {
  const open = (options?: { readonly small: boolean }) => engine.open(options);

  test('summaries equal counting in memory', async () => {
    const anyBy = fc.constantFrom(
      ...['verdict', 'reason', 'policy', 'ns', 'from.ns', 'wl', 'port', 'from.port', 'node'],
      ...['source', 'proto', 'svc', 'fqdn', 'rule', 'id', 'is', 'l7.path', 'bytes'],
    );
    await fc.assert(
      fc.asyncProperty(
        anyBatches,
        fc.option(anyExpression, { nil: undefined }),
        fc.array(anyBy, { maxLength: 2 }),
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 4 }),
        async (batches, where, by, buckets, top) => {
          await using opened = await open({ small: true });
          const added = await appendAll(opened.store, batches);
          const within = {
            from: nanos(1_769_904_000_000_000_000n),
            to: nanos(1_769_904_007_000_000_001n),
          };
          const query = { where, within, by, buckets, top };
          const { head, rows, groups, untold } = await opened.store.summarize(query);
          const counted = countInMemory(added, query);
          expect(rows).toEqual(counted.rows);
          expect({ head, groups }).toEqual({ head: added.length, groups: counted.groups });
          expect(untold).toEqual({ records: 0, events: 0 });
        },
      ),
      { numRuns: 100 },
    );
  });

  test('a summary by a field of more values than it keeps series for still counts every flow', async () => {
    await using opened = await open();
    const flows = Array.from({ length: 9_000 }, (_, index) =>
      aFlow({ sourceIp: index % 9 === 0 ? '10.0.0.1' : `fd00::${index}` }),
    );
    const added = await appendAll(opened.store, [flows]);
    const within = { from: added[0]!.observedAt, to: nanos(added.at(-1)!.observedAt + 1n) };
    const query = { where: undefined, within, by: ['from.ip'], buckets: 3, top: 1 };
    const { rows, groups, untold } = await opened.store.summarize(query);
    const ends = { firstAt: added[0]!.observedAt, lastAt: added[8_991]!.observedAt };
    const rest = { firstAt: added[1]!.observedAt, lastAt: added[8_999]!.observedAt };
    expect(rows).toEqual([
      { keys: ['10.0.0.1'], records: 1_000, events: 1_000, series: [334, 333, 333], ...ends },
      { keys: undefined, records: 8_000, events: 8_000, series: [2_666, 2_667, 2_667], ...rest },
    ]);
    expect({ groups, untold }).toEqual({ groups: 8_001, untold: { records: 0, events: 0 } });
  });

  test.each([1, 3])(
    'more groups than are told apart are counted exactly all the same, in %i buckets',
    async (buckets) => {
      await using opened = await open();
      const names = (side: string) =>
        Array.from({ length: 450 }, (_, at) => `${side}${at}.example`);
      const late = () => aFlow({ sourceNames: ['a.example'], destinationNames: ['b.example'] });
      const many = aFlow({ sourceNames: names('s'), destinationNames: names('d') });
      const added = await appendAll(opened.store, [[many, late(), late()]]);
      const by = ['from.fqdn', 'to.fqdn'];
      const last = added.at(-1)!.observedAt;
      const within = { from: nanos(last - 3_000n), to: nanos(last + 3_000n) };
      const summary = await opened.store.summarize({
        where: undefined,
        within,
        by,
        buckets,
        top: 1,
      });
      expect(summary).toMatchObject({
        groups: 200_000,
        untold: { records: 2_500 + 2, events: 2_500 + 2 },
        rows: [{ records: 1 }, { keys: undefined, records: 202_501, events: 202_501 }],
      });
    },
  );

  test('a field that is not known is refused', async () => {
    await using opened = await open();
    const query = { where: undefined, within: ALL_TIME, by: ['__proto__'], buckets: 1, top: 5 };
    await expect(opened.store.summarize(query)).rejects.toMatchObject({ code: 'bad-query' });
    const three = { ...query, by: ['ns', 'wl', 'pod'] };
    await expect(opened.store.summarize(three)).rejects.toMatchObject({ code: 'bad-query' });
  });
});
