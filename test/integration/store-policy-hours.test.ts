import Database from 'better-sqlite3';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Flow, PolicyHit } from '../../server/core/flow.ts';
import { nanos } from '../../server/core/time.ts';
import type { FlowStore } from '../../server/store/flow-store.ts';
import { openSqliteStore } from '../../server/store/sqlite/sqlite-store.ts';
import { allBefore } from '../support/flow-stores.ts';
import { aFlow, batchOf } from '../support/flow.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const MINUTE = 60_000_000_000n;
/** The beginning of an hour. */
const START = 491_000n * 60n * MINUTE;

const at = (minute: number, rule: number, events = 1): Flow =>
  aFlow({
    event: 'policy-verdict',
    direction: 'ingress',
    observedAt: nanos(START + BigInt(minute) * MINUTE + 7n),
    receivedAt: nanos(START + BigInt(minute) * MINUTE + 9n),
    counts: { ...aFlow().counts, events },
    hits: [
      {
        policy: { kind: 'NetworkPolicy', namespace: 'shop', name: 'web', tier: '' },
        direction: 'ingress',
        action: 'allow',
        stage: 'enforced',
        matched: 'rule',
        rule,
      } satisfies PolicyHit,
    ],
  });

const packedHours = (directory: string): readonly number[] => {
  const db = new Database(join(directory, 'dropwise.sqlite'), { readonly: true });
  try {
    return db.prepare<[], number>('SELECT hour - 491000 FROM policy_hours').pluck().all();
  } finally {
    db.close();
  }
};

async function commits(store: FlowStore, count: number): Promise<void> {
  for (let commit = 0; commit < count; commit++) await store.append(batchOf([]));
}

/** By rule and in buckets of half an hour, over the second half of the first hour and all of the next three. */
const within = { from: nanos(START + 30n * MINUTE), to: nanos(START + 240n * MINUTE) };
const hitsOf = (store: FlowStore) => store.policyHits({ within, buckets: 7 });

test('hits are the same whether their hour is packed, changed after that, packed again, or lost', async () => {
  await using directory = await temporaryDirectory();
  await using store = await openSqliteStore({ directory: directory.path });
  await using reader = await openSqliteStore({ directory: directory.path, readOnly: true });
  // The second hour has no hits; the last one goes on. More than 2^32 events do not fit a packed number.
  const minutes = [0, 29, 30, 31, 59, 120, 121, 179, 180, 181];
  for (const minute of minutes) {
    const flows = [at(minute, 0), at(minute, 1, 2 ** 33)];
    await store.append(batchOf(flows));
    await store.append(batchOf([at(minute, 0)], { origin: 'other' }));
  }
  const unpacked = await hitsOf(store);
  expect(unpacked.map(({ totals }) => totals.allowed)).toEqual([16, 8 * 2 ** 33]);
  await commits(store, 70);
  expect(packedHours(directory.path)).toEqual([0, 2]);
  expect(await hitsOf(store)).toEqual(unpacked);
  expect(await hitsOf(reader)).toEqual(unpacked);

  await store.append(batchOf([at(121, 1, 5)]));
  expect(packedHours(directory.path)).toEqual([0]);
  const [, changed] = await hitsOf(reader);
  expect(changed?.totals.allowed).toBe(8 * 2 ** 33 + 5);
  expect(changed?.series.allowed[3]).toBe(2 * 2 ** 33 + 5);
  const before = await hitsOf(store);
  await commits(store, 70);
  expect(packedHours(directory.path)).toEqual([0, 2]);
  expect(await hitsOf(reader)).toEqual(before);
});

test('packed hours go with the minutes that retention removes', async () => {
  await using directory = await temporaryDirectory();
  await using store = await openSqliteStore({ directory: directory.path });
  for (const minute of [0, 60, 130, 200, 260]) await store.append(batchOf([at(minute, 0)]));
  await commits(store, 70);
  expect(packedHours(directory.path)).toEqual([0, 1, 2, 3]);
  await commits(store, 1);
  await store.prune(allBefore(nanos(START + 135n * MINUTE)));
  expect(packedHours(directory.path)).toEqual([3]);
  const [rows] = await hitsOf(store);
  expect(rows?.totals.allowed).toBe(1);
});
