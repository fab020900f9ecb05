import { expect, test } from 'vitest';
import type { FlowStore } from '../../../server/store/flow-store.ts';
import { createLogger } from '../../../server/lib/log.ts';
import { openReaderPool, type ReaderPool } from '../../../server/processes/reader-pool.ts';
import type { Expression } from '../../../server/query/ast.ts';
import { openSqliteStore } from '../../../server/store/sqlite/sqlite-store.ts';
import { aDrop, aFlow, batchOf } from '../../support/flow.ts';
import { ALL_TIME, someFlows } from '../../support/flow-stores.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const log = createLogger('silent');
const EVERYTHING = { where: undefined };
const NEWEST = { limit: 50, order: 'newest' } as const;
const COUNT = { where: undefined, within: ALL_TIME, by: ['wl'], buckets: 60, top: 5 };

/** A thousand conditions on the port of every flow, none of which decides early: a minute of work. */
const PORTS: Expression = {
  kind: 'and',
  of: Array.from({ length: 1_000 }, (_, at): Expression => ({
    kind: 'not',
    of: {
      kind: 'field',
      side: 'from',
      field: 'port',
      values: [{ kind: 'word', text: String(100_000 + at), quoted: false }],
    },
  })),
};

async function openBoth(
  options: { readonly limitMs?: number; readonly waiting?: number; readonly readers?: number } = {},
): Promise<AsyncDisposable & { readonly store: FlowStore; readonly pool: ReaderPool }> {
  await using parts = new AsyncDisposableStack();
  const directory = parts.use(await temporaryDirectory());
  const store = parts.use(await openSqliteStore({ directory: directory.path }));
  const pool = parts.use(openReaderPool({ directory: directory.path, log, ...options }));
  const held = parts.move();
  return { store, pool, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

test('a reader process answers as the store itself does, and sees each commit at once', async () => {
  await using both = await openBoth();
  const { store, pool } = both;
  for (const count of [30, 1, 7]) {
    await store.append(batchOf([...someFlows(count), aDrop({ observedAt: aFlow().observedAt })]));
    expect(await pool.page(EVERYTHING, NEWEST)).toEqual(await store.page(EVERYTHING, NEWEST));
    expect(await pool.summarize(COUNT)).toEqual(await store.summarize(COUNT));
  }
  expect(await pool.find(2)).toEqual(await store.find(2));
  expect(await pool.find(999)).toBeUndefined();
  expect(await pool.origins()).toEqual(await store.origins());
  expect(await pool.span()).toEqual(await store.span());
  expect(await pool.gaps(ALL_TIME)).toEqual([]);
  const hits = { within: ALL_TIME, buckets: 2 };
  expect(await pool.policyHits(hits)).toEqual(await store.policyHits(hits));
});

test('a failure that has a name keeps it on the way', async () => {
  await using both = await openBoth();
  await expect(both.pool.summarize({ ...COUNT, by: ['nonsense'] })).rejects.toMatchObject({
    code: 'bad-query',
    detail: expect.stringContaining('nonsense') as string,
  });
});

test('a question over its time limit is killed, and commits and the next question go on (fault 64)', async () => {
  await using both = await openBoth({ limitMs: 2_000, readers: 1 });
  const { store, pool } = both;
  expect((await pool.page(EVERYTHING, NEWEST)).flows).toEqual([]);
  for (let batch = 0; batch < 12; batch++) {
    await store.append(
      batchOf(Array.from({ length: 16_384 }, (_, at) => aFlow({ sourcePort: at }))),
    );
  }
  const slow = pool.summarize({ ...COUNT, where: PORTS });
  const queued = pool.page(EVERYTHING, NEWEST);
  await expect(slow).rejects.toMatchObject({ code: 'query-timeout' });
  await store.append(batchOf([aDrop()]));
  expect((await queued).flows).toHaveLength(50);
  expect((await pool.page(EVERYTHING, { ...NEWEST, limit: 1 })).flows[0]?.verdict.kind).toBe(
    'dropped',
  );
});

test('a question that is given up frees its process', async () => {
  await using both = await openBoth({ readers: 1 });
  await both.store.append(batchOf(someFlows(20)));
  const stop = new AbortController();
  const given = both.pool.page(EVERYTHING, { ...NEWEST, signal: stop.signal });
  stop.abort();
  await expect(given).rejects.toMatchObject({ name: 'AbortError' });
  expect((await both.pool.page(EVERYTHING, NEWEST)).flows).toHaveLength(20);
});

test('more questions than may wait are refused, and the others are answered', async () => {
  await using both = await openBoth({ readers: 1, waiting: 3 });
  await both.store.append(batchOf(someFlows(5)));
  const asked = await Promise.allSettled(
    Array.from({ length: 12 }, () => both.pool.page(EVERYTHING, NEWEST)),
  );
  const refused = asked.filter(({ status }) => status === 'rejected');
  expect(refused).toHaveLength(8);
  for (const one of refused) expect(one).toMatchObject({ reason: { code: 'busy' } });
});
