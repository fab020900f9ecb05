import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FlowId } from '../../server/core/flow.ts';
import { nanos } from '../../server/core/time.ts';
import type { Expression } from '../../server/query/ast.ts';
import { compileQuery } from '../../server/query/compile.ts';
import { matches } from '../../server/query/match.ts';
import { anyExpression } from '../support/arbitrary.ts';
import {
  allBefore,
  ALL_TIME,
  anyBatches,
  appendAll,
  engines,
  seqsOf,
  someFlows,
  withoutRaw,
} from '../support/flow-stores.ts';
import { aFlow, batchOf } from '../support/flow.ts';

const NEWEST = { limit: 10_000, order: 'newest' } as const;

const DROPPED: Expression = {
  kind: 'field',
  side: undefined,
  field: 'verdict',
  values: [{ kind: 'word', text: 'dropped', quoted: false }],
};

describe.each(engines)('$name', (engine) => {
  const open = (options?: { readonly small: boolean }) => engine.open(options);

  test('a stored page and the in-memory match answer every query alike, before and after merges', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyBatches,
        fc.array(anyExpression, { maxLength: 8 }),
        async (batches, queries) => {
          await using opened = await open({ small: true });
          const added = await appendAll(opened.store, batches);
          for (const where of queries) {
            const page = await opened.store.page({ where }, NEWEST);
            const expected = added.filter(matches(compileQuery(where)));
            expect(seqsOf(page.flows)).toEqual(seqsOf(expected).reverse());
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test('every property of a flow and every byte of its record come back as they were', async () => {
    await fc.assert(
      fc.asyncProperty(anyBatches, async (batches) => {
        await using opened = await open({ small: true });
        const added = await appendAll(opened.store, batches);
        const page = await opened.store.page({ where: undefined }, { ...NEWEST, order: 'oldest' });
        expect(page.flows).toEqual(withoutRaw(added));
        for (const flow of added) {
          expect(await opened.store.find(flow.seq)).toEqual(flow);
        }
        // Whether a pair is new is the store's to say.
        const given = batches
          .flat()
          .map((flow, index) => ({ ...flow, seq: index + 1, pair: added[index]?.pair }));
        expect(added).toEqual(given);
      }),
      { numRuns: 40 },
    );
  });

  test('values at the edge of what a column holds come back as they were', async () => {
    await using opened = await open({ small: true });
    const flows = [
      aFlow({ observedAt: nanos(0n), sourcePort: 2 ** 31 - 1, id: 'not hexadecimal' as FlowId }),
      aFlow({ observedAt: nanos(4_291_747_199_999_999_999n), destinationPort: 2 ** 40 }),
      aFlow({ observedAt: nanos(2n ** 63n - 1n), node: '\ud800 \u0000 "é" 😀' }),
      aFlow({ raw: { format: 'calico-json', bytes: new Uint8Array(600_000).fill(7) } }),
    ];
    const added = await appendAll(opened.store, [flows, [aFlow()], someFlows(30), [aFlow()]]);
    for (const flow of added) {
      expect({ ...(await opened.store.find(flow.seq)) }).toStrictEqual({ ...flow });
    }
  });

  test('sequence numbers are dense from 1 and not used again after everything was pruned', async () => {
    await using opened = await open({ small: true });
    const first = await appendAll(opened.store, [someFlows(40), [], someFlows(3)]);
    expect(seqsOf(first)).toEqual(Array.from({ length: 43 }, (_, index) => index + 1));
    expect(await opened.store.prune(allBefore(ALL_TIME.to))).toBe(43);
    expect(await opened.store.span()).toBeUndefined();
    const next = await appendAll(opened.store, [someFlows(2)]);
    expect(seqsOf(next)).toEqual([44, 45]);
    expect(opened.store.head()).toBe(45);
  });

  test.each(['newest', 'oldest'] as const)(
    'pages by key, %s first, neither skip nor repeat a flow while others arrive',
    async (order) => {
      await using opened = await open({ small: true });
      const { store } = opened;
      const added = await appendAll(
        store,
        Array.from({ length: 20 }, () => someFlows(7)),
      );
      const drops = added.filter(({ verdict }) => verdict.kind === 'dropped').map(({ seq }) => seq);
      const seen: number[] = [];
      const asOf = store.head();
      let after: number | undefined;
      do {
        const request = { limit: 5, order, ...(after === undefined ? {} : { after }) };
        const page = await store.page({ where: DROPPED, asOf }, request);
        expect(page.head).toBe(asOf);
        seen.push(...seqsOf(page.flows));
        after = page.next;
        await store.append(batchOf(someFlows(5)));
      } while (after !== undefined);
      expect(seen).toEqual(order === 'oldest' ? drops : drops.reverse());
    },
  );

  test('a page holds flows observed inside the window only, its end excluded', async () => {
    await using opened = await open({ small: true });
    const added = await appendAll(opened.store, [someFlows(3), someFlows(3), someFlows(3)]);
    for (const [first, { observedAt: from }] of added.entries()) {
      for (const [last, { observedAt: to }] of added.entries()) {
        const page = await opened.store.page({ where: undefined, within: { from, to } }, NEWEST);
        expect(seqsOf(page.flows)).toEqual(seqsOf(added.slice(first, last)).reverse());
      }
      const since = await opened.store.page({ where: undefined, within: { from } }, NEWEST);
      expect(seqsOf(since.flows)).toEqual(seqsOf(added.slice(first)).reverse());
    }
  });

  test('a read that began before commits and merges sees none of their flows', async () => {
    await using opened = await open({ small: true });
    const { store } = opened;
    const added = await appendAll(
      store,
      Array.from({ length: 10 }, () => someFlows(3)),
    );
    const reading = store.page({ where: undefined }, NEWEST);
    await appendAll(
      store,
      Array.from({ length: 10 }, () => someFlows(9)),
    );
    expect(seqsOf((await reading).flows)).toEqual(seqsOf(added).reverse());
  });

  test('a read stops when its signal aborts', async () => {
    await using opened = await open();
    await appendAll(opened.store, [someFlows(3)]);
    const signal = AbortSignal.abort();
    await expect(opened.store.page({ where: undefined }, { ...NEWEST, signal })).rejects.toThrow();
  });
});
