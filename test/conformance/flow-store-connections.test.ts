import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Flow } from '../../server/core/flow.ts';
import { nanos } from '../../server/core/time.ts';
import { anyExpression } from '../support/arbitrary.ts';
import { connectionsInMemory } from '../support/connections-in-memory.ts';
import { aDrop, aFlow } from '../support/flow.ts';
import {
  ALL_TIME,
  allBefore,
  anyBatches,
  appendAll,
  engines,
  withoutRaw,
} from '../support/flow-stores.ts';

const EVERYTHING = { where: undefined, within: ALL_TIME, buckets: 1, limit: 1_000 };

const COLUMNS = [
  ...(['source', 'destination', 'sourceIp', 'destinationIp', 'sourceNames'] as const),
  ...(['destinationNames', 'sourcePort', 'destinationPort', 'protocol', 'direction'] as const),
  ...(['reply', 'verdict', 'event', 'hits', 'node', 'observedAt', 'counts', 'l7'] as const),
];

/** A flow that comes again, and another one of which it has something. */
const anyRepeats = fc.array(
  fc.tuple(fc.nat({ max: 9 }), fc.nat({ max: 200 }), fc.constantFrom(...COLUMNS)),
  { maxLength: 60 },
);

/** Few random flows are alike in all that counts, or in all but one thing. */
function repeatedOf(
  flows: readonly Flow[],
  repeats: typeof anyRepeats extends fc.Arbitrary<infer Value> ? Value : never,
): readonly Flow[] {
  return repeats.flatMap(([at, from, column]) => {
    const [flow, other] = [flows[at % flows.length], flows[from % flows.length]];
    return flow === undefined || other === undefined ? [] : { ...flow, [column]: other[column] };
  });
}

describe.each(engines)('$name', (engine) => {
  test('connections equal folding in memory', async () => {
    const anySeq = fc.option(fc.nat({ max: 60 }), { nil: undefined });
    await fc.assert(
      fc.asyncProperty(
        anyBatches,
        fc.option(anyExpression, { nil: undefined }),
        fc.record({
          buckets: fc.integer({ min: 1, max: 7 }),
          limit: fc.oneof(fc.constant(1_000), fc.nat({ max: 20 })),
        }),
        fc.record({ afterSeq: anySeq, asOf: anySeq }),
        anyRepeats,
        async (batches, where, { buckets, limit }, { afterSeq, asOf }, repeats) => {
          await using opened = await engine.open({ small: true });
          const repeated = repeatedOf(batches.flat(), repeats);
          const added = withoutRaw(await appendAll(opened.store, [...batches, repeated]));
          const query = {
            where,
            within: {
              from: nanos(1_769_904_000_000_000_000n),
              to: nanos(1_769_904_007_000_000_001n),
            },
            ...{ buckets, limit },
            ...(afterSeq === undefined ? {} : { afterSeq }),
            ...(asOf === undefined ? {} : { asOf }),
          };
          const { rows, untold, head } = await opened.store.connections(query);
          expect({ rows, untold }).toEqual(connectionsInMemory(added, query));
          expect(head).toBe(Math.min(added.length, asOf ?? Infinity));
        },
      ),
      { numRuns: 150 },
    );
  });

  test('pairs that repeat are one row, whose example is the newest', async () => {
    await using opened = await engine.open();
    const { store } = opened;
    const inside = [1, 2, 3].map((port) => aFlow({ sourcePort: port, sourceIp: `10.0.0.${port}` }));
    const reply = aFlow({ reply: 'yes', sourcePort: 5_432, destinationPort: 41_000 });
    const otherReply = aFlow({ reply: 'yes', sourcePort: 5_432, destinationPort: 42_000 });
    const added = await appendAll(store, [inside, [reply, otherReply, aDrop()]]);
    const { rows } = await store.connections(EVERYTHING);
    expect(rows.map(({ flow, records }) => [flow.seq, records])).toEqual([
      [6, 1],
      [5, 2],
      [3, 3],
    ]);
    expect(rows[2]).toMatchObject({ firstAt: added[0]!.observedAt, lastAt: added[2]!.observedAt });
  });

  test('an end that is no workload is told apart by its address and its names', async () => {
    await using opened = await engine.open();
    const world = { ...aFlow().destination, kind: 'network' } as const;
    const to = (destinationIp: string, ...destinationNames: string[]) =>
      aFlow({ destination: world, destinationIp, destinationNames });
    await appendAll(opened.store, [
      [to('198.51.100.1', 'a.example'), to('198.51.100.2', 'a.example')],
      [to('198.51.100.2'), to('198.51.100.1', 'a.example')],
    ]);
    const { rows } = await opened.store.connections(EVERYTHING);
    expect(rows.map(({ flow, records }) => [flow.seq, records])).toEqual([
      [4, 2],
      [3, 1],
      [2, 1],
    ]);
  });

  test('beyond the limit those that were seen last are told, and the others counted', async () => {
    await using opened = await engine.open({ small: true });
    const flows = Array.from({ length: 400 }, (_, at) => aFlow({ destinationPort: 1 + (at % 40) }));
    await appendAll(opened.store, [flows]);
    const { rows, untold } = await opened.store.connections({ ...EVERYTHING, limit: 3 });
    expect(rows.map(({ flow, records }) => [flow.destinationPort, records])).toEqual([
      [40, 10],
      [39, 10],
      [38, 10],
    ]);
    expect(untold).toEqual({ records: 370, events: 370 });
    const none = await opened.store.connections({ ...EVERYTHING, limit: 0 });
    expect(none).toEqual({ rows: [], untold: { records: 400, events: 400 }, head: 400 });
  });

  test('two parts before and after any flow add up, however blocks were merged', async () => {
    await using opened = await engine.open({ small: true });
    const { store } = opened;
    for (let batch = 0; batch < 40; batch++) {
      const flows = Array.from({ length: 7 }, (_, at) =>
        aFlow({ destinationPort: 1 + ((batch * 7 + at) % 11) }),
      );
      await appendAll(store, [flows]);
      const head = store.head();
      const between = Math.floor(head / 2);
      const recordsOf = async (part: { asOf?: number; afterSeq?: number }) => {
        const { rows } = await store.connections({ ...EVERYTHING, ...part });
        for (const { flow } of rows) {
          expect(flow.seq).toBeGreaterThan(part.afterSeq ?? 0);
          expect(flow.seq).toBeLessThanOrEqual(part.asOf ?? head);
        }
        return rows.reduce((sum, { records }) => sum + records, 0);
      };
      expect(await recordsOf({ asOf: between })).toBe(between);
      expect(await recordsOf({ afterSeq: between })).toBe(head - between);
      expect(await recordsOf({ afterSeq: head })).toBe(0);
    }
  });

  test('drops that outlive the other flows of their time are folded too', async () => {
    await using opened = await engine.open({ small: true });
    const { store } = opened;
    const many = () => Array.from({ length: 72 }, (_, at) => (at % 3 === 0 ? aDrop() : aFlow()));
    const old = await appendAll(store, [many()]);
    await appendAll(store, [many()]);
    const to = nanos(old.at(-1)!.receivedAt + 1n);
    const removed = await store.prune({ ...allBefore(nanos(0n)), flowsBefore: to });
    expect(removed).toBeGreaterThan(0);
    const kept = (await store.page({ where: undefined }, { limit: 1_000, order: 'newest' })).flows;
    const { rows, untold } = await store.connections(EVERYTHING);
    expect({ rows, untold }).toEqual(connectionsInMemory(kept, EVERYTHING));
  });

  test('who no longer wants an answer is not kept waiting', async () => {
    await using opened = await engine.open();
    await appendAll(opened.store, [[aFlow()]]);
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(opened.store.connections({ ...EVERYTHING, signal })).rejects.toThrow('enough');
  });
});
