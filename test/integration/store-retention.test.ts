import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Flow } from '../../server/core/flow.ts';
import { nanos } from '../../server/core/time.ts';
import { compileQuery } from '../../server/query/compile.ts';
import { matches } from '../../server/query/match.ts';
import type { Expression } from '../../server/query/ast.ts';
import { loadCatalog } from '../../server/store/sqlite/catalog.ts';
import { openForReading } from '../../server/store/sqlite/database.ts';
import { isDenied } from '../../server/store/sqlite/denied.ts';
import { openSqliteStore } from '../../server/store/sqlite/sqlite-store.ts';
import { walk } from '../../server/store/sqlite/walk.ts';
import { retentionAt } from '../../server/operations/prune.ts';
import { anyExpression, anyFlow } from '../support/arbitrary.ts';
import { aDrop, aFlow, batchOf } from '../support/flow.ts';
import { allBefore, ALL_TIME, appendAll, seqsOf, withoutRaw } from '../support/flow-stores.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const SMALL = { blockRows: 24, fanIn: 3 };
const at = (second: number) => nanos(1_770_000_000_000_000_000n + BigInt(second) * 1_000_000_000n);
const EVERYTHING = { where: undefined };

const DROPPED: Expression = {
  kind: 'field',
  side: undefined,
  field: 'verdict',
  values: [{ kind: 'word', text: 'dropped', quoted: false }],
};

/** Received one a second, in order. */
const received = (flows: readonly Flow[]): Flow[] =>
  flows.map((flow, index) => ({ ...flow, receivedAt: at(index), observedAt: at(index) }));

test('after flows were removed every query shows the drops of their time, and all of what came later', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyFlow, { minLength: 1, maxLength: 90 }),
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 0, max: 90 }),
      anyExpression,
      fc.boolean(),
      async (flows, batchSize, removedTo, expression, onlyDrops) => {
        const where: Expression = onlyDrops
          ? { kind: 'and', of: [DROPPED, expression] }
          : expression;
        await using directory = await temporaryDirectory();
        await using store = await openSqliteStore({ directory: directory.path, ...SMALL });
        const batches: Flow[][] = [];
        const inOrder = received(flows);
        for (let start = 0; start < flows.length; start += batchSize) {
          batches.push(inOrder.slice(start, start + batchSize));
        }
        const added = await appendAll(store, batches);
        await using reader = await openSqliteStore({
          ...{ directory: directory.path, ...SMALL },
          readOnly: true,
        });
        await reader.page({ where }, { limit: 5, order: 'newest' });
        const deleted = await store.prune({
          ...allBefore(at(0)),
          flowsBefore: at(removedTo),
        });
        const shown = added.filter(
          (flow) => (flow.seq > deleted || isDenied(flow)) && matches(compileQuery(where))(flow),
        );
        for (const [order, expected] of [
          ['oldest', shown],
          ['newest', shown.toReversed()],
        ] as const) {
          for (const from of [store, reader]) {
            const page = await from.page({ where }, { limit: 200, order });
            expect(page.flows).toEqual(withoutRaw(expected));
          }
        }
        for (const flow of shown.slice(0, 3)) expect(await store.find(flow.seq)).toEqual(flow);
        const within = ALL_TIME;
        const summary = await store.summarize({ where, within, by: [], buckets: 1, top: 1 });
        expect(summary.rows[0]?.records).toBe(shown.length);
      },
    ),
    { numRuns: 60 },
  );
});

test('a read that is halfway when flows are removed still shows the drops of the rest', async () => {
  await using directory = await temporaryDirectory();
  await using store = await openSqliteStore({ directory: directory.path, ...SMALL });
  const flows = received(Array.from({ length: 72 }, (_, index) => (index % 3 ? aFlow() : aDrop())));
  for (let start = 0; start < 72; start += 24) {
    await store.append(batchOf(flows.slice(start, start + 24)));
  }
  using opened = openForReading(directory.path);
  const catalog = loadCatalog({ db: opened.db, cacheBytes: 0, shared: true, blockRows: 24 });
  const seen: number[] = [];
  for await (const { opened: block, from, to } of walk(catalog, EVERYTHING, { order: 'newest' })) {
    for (let row = to - 1; row >= from; row--) seen.push(block.seqAt(row));
    await store.prune({ ...allBefore(at(0)), flowsBefore: at(100) });
  }
  const drops = Array.from({ length: 16 }, (_, index) => 46 - index * 3);
  expect(seen).toEqual([...Array.from({ length: 24 }, (_, index) => 72 - index), ...drops]);
});

test('a capture that is told again after its flows were removed adds no drop twice', async () => {
  await using directory = await temporaryDirectory();
  await using store = await openSqliteStore({ directory: directory.path, ...SMALL });
  const flows = received([aFlow(), aDrop(), aFlow()]);
  await store.append(batchOf(flows));
  await store.prune({ ...allBefore(at(0)), flowsBefore: at(10) });
  const again = await store.append(batchOf(flows, { mayRepeat: true }));
  expect(again.flows).toEqual([flows[0], flows[2]]);
});

test('the store says from when on it has everything, and from when on every drop', async () => {
  await using directory = await temporaryDirectory();
  await using store = await openSqliteStore({ directory: directory.path, blockRows: 10, fanIn: 3 });
  expect(await store.retained()).toEqual({ flowsSince: undefined, dropsSince: undefined });
  for (let start = 0; start < 60; start += 10) {
    const flows = Array.from({ length: 10 }, (_, index) =>
      (index % 5 === 0 ? aDrop : aFlow)({
        receivedAt: at(start + index),
        observedAt: at(start + index),
      }),
    );
    await store.append(batchOf(flows));
  }
  await store.prune({ ...allBefore(at(0)), flowsBefore: at(50), dropsBefore: at(48) });
  expect(await store.retained()).toEqual({ flowsSince: at(49), dropsSince: at(45) });
  expect(await store.span()).toEqual({ from: at(50), to: at(59) });
});

test('drops stay as long as the flows around them, whatever the limit for drops', async () => {
  await using directory = await temporaryDirectory();
  await using store = await openSqliteStore({ directory: directory.path, ...SMALL });
  const full = () =>
    received(Array.from({ length: 24 }, (_, index) => (index ? aFlow() : aDrop())));
  await appendAll(store, [full(), full()]);
  await store.prune({ ...allBefore(at(0)), dropsBefore: at(100) });
  const page = await store.page({ where: DROPPED }, { limit: 9, order: 'oldest' });
  expect(seqsOf(page.flows)).toEqual([1, 25]);
});

test('above its size the store gives up the oldest flows first, then the oldest drops', async () => {
  await using directory = await temporaryDirectory();
  await using store = await openSqliteStore({
    directory: directory.path,
    blockRows: 100,
    fanIn: 4,
  });
  const bytes = (size: number) =>
    Uint8Array.from({ length: size }, () => Math.floor(Math.random() * 256));
  for (let round = 0; round < 40; round++) {
    const flows = Array.from({ length: 100 }, (_, index) =>
      (index % 10 === 0 ? aDrop : aFlow)({
        ...{ receivedAt: at(round), observedAt: at(round) },
        raw: { format: 'hubble-json', bytes: bytes(500) },
      }),
    );
    await store.append(batchOf(flows));
  }
  const before = store.size();
  const keep = allBefore(at(0));
  const maxBytes = 1_500_000;
  expect(before).toBeGreaterThan(2 * maxBytes);
  await store.prune({ ...keep, maxBytes });
  expect(store.size()).toBeLessThanOrEqual(maxBytes);
  const all = await store.page(EVERYTHING, { limit: 1, order: 'newest' });
  expect(all.flows[0]?.seq).toBe(4_000);
  const drops = await store.page({ where: DROPPED }, { limit: 1_000, order: 'oldest' });
  expect(drops.flows).toHaveLength(400);
  await store.prune({ ...keep, maxBytes: 250_000 });
  expect(store.size()).toBeLessThanOrEqual(250_000);
  const left = await store.page(EVERYTHING, { limit: 1_000, order: 'newest' });
  expect(left.flows.length).toBeLessThan(400);
  expect(left.flows.every(({ verdict }) => verdict.kind === 'dropped')).toBe(true);
  expect((await store.append(batchOf([aFlow()]))).firstSeq).toBe(4_001);
});

test('policy counts outlive the flows that they count', async () => {
  await using directory = await temporaryDirectory();
  await using store = await openSqliteStore({ directory: directory.path, ...SMALL });
  const policy = { kind: 'NetworkPolicy', namespace: 'shop', name: 'web', tier: '' };
  const hit = { policy, direction: 'egress', action: 'allow', stage: 'enforced' } as const;
  const hits = [{ ...hit, matched: 'policy', rule: -1 } as const];
  await store.append(batchOf(received([aFlow({ event: 'policy-verdict', hits })])));
  await store.prune({ ...allBefore(at(10)), countsBefore: at(-400 * 86_400) });
  expect(await store.span()).toBeUndefined();
  expect(await store.policyHits({ within: ALL_TIME, buckets: 1 })).toHaveLength(1);
  await store.prune(allBefore(at(120)));
  expect(await store.policyHits({ within: ALL_TIME, buckets: 1 })).toEqual([]);
});

test('drops are never kept shorter than other flows', () => {
  const keep = { flowsMs: 5_000, dropsMs: 1_000, countsMs: 9_000, maxBytes: undefined };
  expect(retentionAt(at(10), keep)).toEqual({
    ...{ flowsBefore: at(5), dropsBefore: at(5), countsBefore: at(1) },
  });
});

test('reasons that never end are counted together', async () => {
  await using directory = await temporaryDirectory();
  await using store = await openSqliteStore({ directory: directory.path });
  const rejected = Array.from({ length: 500 }, (_, index) => ({
    ...{ reason: `unknown word ${index}`, count: 2, sample: '' },
  }));
  await store.append(batchOf([], { rejected }));
  const [origin] = await store.origins();
  expect(origin?.rejected.length).toBeLessThan(250);
  expect(origin?.rejected.reduce((sum, { count }) => sum + count, 0)).toBe(1_000);
});
