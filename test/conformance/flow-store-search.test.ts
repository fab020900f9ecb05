import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { StoredFlow } from '../../server/core/flow.ts';
import type { FlowQuery, FlowStore, PageRequest } from '../../server/store/flow-store.ts';
import { anyExpression } from '../support/arbitrary.ts';
import {
  ALL_TIME,
  anyBatches,
  appendAll,
  engines,
  seqsOf,
  someFlows,
} from '../support/flow-stores.ts';

/** Asks on until nothing is left, each time for no more than the next block. */
async function searchInParts(
  store: FlowStore,
  query: FlowQuery,
  { limit, order }: Pick<PageRequest, 'limit' | 'order'>,
) {
  const flows: StoredFlow[] = [];
  const left: number[] = [];
  let after: number | undefined;
  do {
    const page = await store.page(query, {
      limit,
      order,
      workMs: 0,
      ...(after === undefined ? {} : { after }),
    });
    flows.push(...page.flows);
    if (page.searching !== undefined) left.push(page.searching.left);
    after = page.next;
  } while (after !== undefined);
  return { flows, left };
}

describe.each(engines)('$name', (engine) => {
  test('a search in parts finds what one search finds, in either order', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyBatches,
        fc.option(anyExpression, { nil: undefined }),
        fc.constantFrom('newest' as const, 'oldest' as const),
        fc.integer({ min: 1, max: 20 }),
        async (batches, where, order, limit) => {
          await using opened = await engine.open({ small: true });
          await appendAll(opened.store, batches);
          const whole = await opened.store.page({ where }, { limit: 10_000, order });
          const parts = await searchInParts(opened.store, { where }, { limit, order });
          expect(seqsOf(parts.flows)).toEqual(seqsOf(whole.flows));
        },
      ),
      { numRuns: 60 },
    );
  });

  test('each part says how much is left and where it has come to', async () => {
    await using opened = await engine.open({ small: true });
    const { store } = opened;
    const added = await appendAll(
      store,
      Array.from({ length: 10 }, () => someFlows(24)),
    );
    const request = { limit: 1_000, order: 'newest', workMs: 0 } as const;

    const first = await store.page({ where: undefined, within: ALL_TIME }, request);
    const { left } = await searchInParts(store, { where: undefined }, request);

    expect(first.flows.length).toBeLessThan(added.length);
    expect(first.searching?.left).toBe(added.length - first.flows.length);
    expect(first.searching?.at).toBe(first.flows.at(-1)?.observedAt);
    expect(left.length).toBeGreaterThan(2);
    expect(left).toEqual(left.toSorted((a, b) => b - a));
    expect(new Set(left).size).toBe(left.length);
  });

  test('a page that is not limited in time says nothing of a search', async () => {
    await using opened = await engine.open();
    await appendAll(opened.store, [someFlows(5)]);
    const page = await opened.store.page({ where: undefined }, { limit: 2, order: 'newest' });
    expect(page).toMatchObject({ searching: undefined, next: 4 });
  });
});
