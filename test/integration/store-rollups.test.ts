import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Flow, StoredFlow } from '../../server/core/flow.ts';
import { nanos } from '../../server/core/time.ts';
import type { FlowStore } from '../../server/store/flow-store.ts';
import { openSqliteStore } from '../../server/store/sqlite/sqlite-store.ts';
import { anyExpression, anyFlow } from '../support/arbitrary.ts';
import { countInMemory } from '../support/count-in-memory.ts';
import { ALL_TIME, allBefore } from '../support/flow-stores.ts';
import { aDrop, aFlow, batchOf } from '../support/flow.ts';
import {
  emptyBlocks,
  levelsIn,
  openFile,
  settle,
  SMALL_ROLLUPS,
  whereOf,
  withRolledUp,
} from '../support/rolled-up.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const START = 1_769_904_000_000_000_000n;

async function everyFlow(store: FlowStore): Promise<readonly StoredFlow[]> {
  return (await store.page({ where: undefined }, { limit: 10_000, order: 'oldest' })).flows;
}

const inOrder = (flows: readonly Flow[]): Flow[] =>
  flows.toSorted((a, b) => Number(a.observedAt - b.observedAt));

const anyBy = fc.constantFrom(
  ...['verdict', 'reason', 'policy', 'rule', 'ns', 'from.wl', 'wl', 'pod', 'port', 'node', 'proto'],
  ...['svc', 'fqdn', 'from.ip', 'ip', 'is', 'source', 'dir', 'event', 'l7.path', 'identity'],
  ...['from.ns', 'from.cluster', 'to.cluster', 'bytes'],
);
const anyWhere = fc.oneof(
  fc.constant(undefined),
  fc
    .constantFrom(
      'ns:shop',
      '-from.pod:web-0',
      'verdict:forwarded port:80..500',
      ...['policy:allow-dns', '-from.ns:shop', 'wl:web verdict:forwarded'],
    )
    .map(whereOf),
  anyExpression,
);
const anyStep = fc.oneof(
  { weight: 6, arbitrary: fc.constant('append' as const) },
  fc.constantFrom('settle', 'prune', 'restart', 'lose', 'lose-one'),
);

test('a summary equals a scan, whatever was rolled up, removed, lost and made again', async () => {
  let levels = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(anyStep, fc.array(anyFlow, { minLength: 4, maxLength: 9 })), {
        minLength: 8,
        maxLength: 24,
      }),
      fc.array(
        fc.record({
          where: anyWhere,
          by: fc.array(anyBy, { maxLength: 2 }),
          buckets: fc.integer({ min: 1, max: 3 }),
          top: fc.integer({ min: 1, max: 6 }),
          from: fc.integer({ min: -1, max: 6 }),
          to: fc.integer({ min: 7, max: 11 }),
        }),
        { minLength: 4, maxLength: 4 },
      ),
      async (steps, questions) => {
        await using directory = await temporaryDirectory();
        const open = () => openSqliteStore({ directory: directory.path, ...SMALL_ROLLUPS });
        await using reader = await openAfter(open, directory.path);
        let store = await open();
        const check = async () => {
          const flows = await everyFlow(reader);
          for (const { from, to, ...question } of questions) {
            const second = (at: number) => nanos(START + BigInt(at) * 1_000_000_000n);
            const within = { from: second(from), to: second(to) };
            const expected = countInMemory(flows, { ...question, within });
            for (const asked of [store, reader]) {
              const { rows, groups } = await asked.summarize({ ...question, within });
              expect({ rows, groups }).toEqual(expected);
            }
          }
        };
        try {
          for (const [step, flows] of steps) {
            if (step === 'append') await store.append(batchOf(inOrder(flows)));
            if (step === 'settle') await settle(store);
            if (step === 'prune') await store.prune(allBefore(flows[0]!.receivedAt));
            if (step === 'restart' || step === 'lose' || step === 'lose-one') {
              await store[Symbol.asyncDispose]();
              if (step !== 'restart') loseRollups(directory.path, step === 'lose' ? 1 : 3);
              store = await open();
            }
          }
          await check();
          await settle(store);
          await check();
          levels = Math.max(levels, ...levelsIn(directory.path));
        } finally {
          await store[Symbol.asyncDispose]();
        }
      },
    ),
    { numRuns: 60 },
  );
  expect(levels).toBeGreaterThanOrEqual(2);
});

/** A reader beside the writer, of a store that is there. */
async function openAfter(open: () => Promise<FlowStore>, directory: string): Promise<FlowStore> {
  await (await open())[Symbol.asyncDispose]();
  return openSqliteStore({ directory, ...SMALL_ROLLUPS, readOnly: true });
}

/** Every so many of them. */
function loseRollups(directory: string, every: number): void {
  using db = openFile(directory);
  for (const table of ['rollup_cubes', 'rollup_filters']) {
    db.prepare(`DELETE FROM ${table} WHERE rollup % ? = 0`).run(every);
  }
  db.prepare('DELETE FROM rollups WHERE id % ? = 0').run(every);
}

const ofPods = (count: number): readonly Flow[] =>
  Array.from({ length: count }, (_, at) => {
    const flow = at % 7 === 3 ? aDrop() : aFlow();
    return { ...flow, destinationIp: `10.0.0.${at % 5}` };
  });

test('what a roll-up counted is told without its blocks', async () => {
  await withRolledUp(ofPods(48), async ({ reader, directory }) => {
    const question = {
      where: whereOf('to.port:1..65535'),
      within: ALL_TIME,
      by: ['ip'],
      buckets: 1,
    };
    const before = await reader.summarize({ ...question, where: undefined, top: 10 });
    const pairs = { ...question, by: ['from.pod', 'to.pod'], top: 10 };
    const pairsBefore = await reader.summarize(pairs);
    emptyBlocks(directory);
    await using fresh = await openSqliteStore({ directory, ...SMALL_ROLLUPS, readOnly: true });
    expect(await fresh.summarize({ ...question, where: undefined, top: 10 })).toEqual(before);
    expect(before.rows.map(({ records }) => records)).toEqual([10, 10, 10, 9, 9]);
    expect(await fresh.summarize(pairs)).toEqual(pairsBefore);
    // By this nothing is counted beforehand.
    await expect(fresh.summarize({ ...question, by: ['id'], top: 1 })).rejects.toMatchObject({
      code: 'store-damaged',
    });
  });
});

test('a search for what no block of a roll-up holds reads none of them, nor their filters', async () => {
  await withRolledUp(ofPods(48), async ({ directory }) => {
    emptyBlocks(directory);
    {
      using db = openFile(directory);
      db.exec('DELETE FROM block_filters');
    }
    await using fresh = await openSqliteStore({ directory, ...SMALL_ROLLUPS, readOnly: true });
    const search = (text: string) =>
      fresh.page({ where: whereOf(text) }, { limit: 5, order: 'newest' });
    expect((await search('ip:192.0.2.77')).flows).toEqual([]);
    await expect(search('ip:10.0.0.3')).rejects.toMatchObject({ code: 'store-damaged' });
  });
});

test('a cube that is damaged is counted from its blocks, and stops no commit', async () => {
  await withRolledUp(ofPods(48), async ({ reader, directory }) => {
    const question = { where: undefined, within: ALL_TIME, by: ['ip'], buckets: 1, top: 10 };
    const before = await reader.summarize(question);
    {
      using db = openFile(directory);
      db.exec("UPDATE rollup_cubes SET columns = x'07'");
    }
    await using store = await openSqliteStore({ directory, ...SMALL_ROLLUPS });
    expect(await store.summarize(question)).toEqual(before);
    await settle(store);
    const { firstSeq } = await store.append(batchOf([aFlow()]));
    expect(firstSeq).toBe(49);
    expect(await store.summarize({ ...question, asOf: 48 })).toEqual(before);
  });
});
