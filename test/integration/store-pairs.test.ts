import { expect, test } from 'vitest';
import Database from 'better-sqlite3';
import { join } from 'node:path';
import type { Flow } from '../../server/core/flow.ts';
import { parseQuery } from '../../server/query/parse.ts';
import type { FlowStore } from '../../server/store/flow-store.ts';
import { createPairs } from '../../server/store/sqlite/pairs.ts';
import { openSqliteStore } from '../../server/store/sqlite/sqlite-store.ts';
import { aFlow, batchOf } from '../support/flow.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const END = aFlow().source;
const between = (from: string, to: string, more: Partial<Flow> = {}): Flow =>
  aFlow({
    source: { ...END, workload: from, pod: `${from}-${Math.random()}` },
    destination: { ...END, workload: to, pod: `${to}-0` },
    ...more,
  });

async function newPairs(store: FlowStore): Promise<readonly string[]> {
  const parsed = parseQuery('is:new-pair');
  if (!parsed.ok) throw new Error(parsed.error.message);
  const page = await store.page({ where: parsed.where }, { limit: 1_000, order: 'oldest' });
  return page.flows.map(({ source, destination, destinationNames }) =>
    [source.workload, destination.workload || destinationNames[0]].join('→'),
  );
}

test('is:new-pair finds the first flow between two workloads, whatever pods and ports they use', async () => {
  await using directory = await temporaryDirectory();
  await using store = await openSqliteStore({ directory: directory.path });
  await store.append(batchOf([between('web', 'cart'), between('web', 'cart', { sourcePort: 7 })]));
  await store.append(
    batchOf([
      between('web', 'cart', { destinationPort: 9 }),
      between('cart', 'web', { reply: 'yes' }),
      between('cart', 'redis'),
    ]),
  );
  expect(await newPairs(store)).toEqual(['web→cart', 'cart→redis']);
});

test('an end without a workload is its DNS name, and an address alone is none', async () => {
  await using directory = await temporaryDirectory();
  await using store = await openSqliteStore({ directory: directory.path });
  const world = {
    ...END,
    kind: 'network',
    workload: '',
    pod: '',
    namespace: '',
    name: 'world',
  } as const;
  const out = (ip: string, names: readonly string[]): Flow =>
    between('web', '', { destination: world, destinationIp: ip, destinationNames: names });
  await store.append(
    batchOf([
      out('192.0.2.1', ['api.example.com']),
      out('192.0.2.2', ['api.example.com']),
      out('192.0.2.3', []),
      out('192.0.2.4', []),
    ]),
  );
  expect(await newPairs(store)).toEqual(['web→api.example.com', 'web→']);
});

test('what is known survives a restart and the flows themselves', async () => {
  await using directory = await temporaryDirectory();
  {
    await using store = await openSqliteStore({ directory: directory.path });
    await store.append(batchOf([between('web', 'cart')]));
  }
  await using store = await openSqliteStore({ directory: directory.path });
  await store.append(batchOf([between('web', 'cart'), between('web', 'pay')]));
  expect(await newPairs(store)).toEqual(['web→cart', 'web→pay']);
});

test('a pair whose commit failed is new again', async () => {
  await using directory = await temporaryDirectory();
  await using store = await openSqliteStore({ directory: directory.path });
  await store.append(batchOf([between('web', 'cart')]));
  const file = join(directory.path, 'dropwise.sqlite');
  {
    using other = openOther(file);
    other.db.exec(
      "CREATE TRIGGER refuse BEFORE INSERT ON pairs BEGIN SELECT raise(ABORT, 'no'); END",
    );
    await expect(store.append(batchOf([between('web', 'pay')]))).rejects.toMatchObject({
      code: 'store-failed',
    });
    other.db.exec('DROP TRIGGER refuse');
  }
  await store.append(batchOf([between('web', 'pay')]));
  expect(await newPairs(store)).toEqual(['web→cart', 'web→pay']);
});

test('beyond the limit the older half of the pairs is forgotten', () => {
  const db = new Database(':memory:');
  db.exec(
    `CREATE TABLE pair_ends (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
     CREATE TABLE pairs (source, destination, first_seq, PRIMARY KEY (source, destination))`,
  );
  const pairs = createPairs(db, 4);
  const isNew = (seq: number, to: string): boolean => {
    const [flow] = pairs.mark([between('web', to)]);
    pairs.save(seq);
    return flow?.pair === 'new';
  };
  for (const seq of [1, 2, 3, 4, 5]) expect(isNew(seq, `w${seq}`)).toBe(true);
  expect(isNew(6, 'w5')).toBe(false);
  expect(isNew(7, 'w4')).toBe(false);
  expect(isNew(8, 'w1')).toBe(true);
  db.close();
});

function openOther(file: string): Disposable & { readonly db: Database.Database } {
  const db = new Database(file);
  return { db, [Symbol.dispose]: () => void db.close() };
}
