import Database from 'better-sqlite3';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { compressBlock } from '../../server/columns/block-format.ts';
import { encodeFlows, writeBlock } from '../../server/columns/encoded-block.ts';
import type { Flow, Gap } from '../../server/core/flow.ts';
import { nanos } from '../../server/core/time.ts';
import { openForReading } from '../../server/store/sqlite/database.ts';
import { encodeRaw } from '../../server/store/sqlite/raw.ts';
import { canonicalSeal, hashContent, type Seal } from '../../server/store/sqlite/seals.ts';
import { openSqliteStore } from '../../server/store/sqlite/sqlite-store.ts';
import { verifyChain } from '../../server/store/sqlite/verify-chain.ts';
import { aFlow, batchOf } from '../support/flow.ts';
import { allBefore, someFlows } from '../support/flow-stores.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const SMALL = { blockRows: 20, fanIn: 3 };

async function verify(directory: string) {
  using opened = openForReading(directory);
  const [all, drops] = await verifyChain(opened.db);
  if (all === undefined || drops === undefined) throw new Error('a chain is missing');
  return { all, drops };
}

/** Two hundred flows in batches of seven, and what else is to be stored with the last one. */
/** Answers with the flows as committed. */
async function fill(directory: string, gaps: readonly Gap[] = []): Promise<readonly Flow[]> {
  await using store = await openSqliteStore({ directory, ...SMALL });
  const flows = someFlows(203).map((flow, index) => ({
    ...flow,
    raw: { format: 'hubble-json', bytes: Buffer.from(`record ${index}`.repeat(1 + (index % 90))) },
  })) satisfies readonly Flow[];
  const committed: Flow[] = [];
  for (let start = 0; start < flows.length; start += 7) {
    const batch = batchOf(flows.slice(start, start + 7), { gaps: start === 14 ? gaps : [] });
    committed.push(...(await store.append(batch)).flows);
  }
  await store.append(batchOf([]));
  return committed;
}

function change(directory: string, ...statements: readonly string[]): void {
  const db = new Database(join(directory, 'dropwise.sqlite'));
  for (const sql of statements) expect(db.prepare(sql).run().changes).toBeGreaterThan(0);
  db.close();
}

test('full blocks are sealed once, and both chains hold', async () => {
  await using directory = await temporaryDirectory();
  await fill(directory.path);
  const { all, drops } = await verify(directory.path);
  expect(all).toMatchObject({ expired: 0, failure: undefined });
  expect(all.seals).toBeGreaterThanOrEqual(7);
  expect(all.kept).toBe(all.seals);
  expect(all.rows).toBeGreaterThan(180);
  expect(drops).toMatchObject({ failure: undefined });
  expect(drops.seals).toBeGreaterThanOrEqual(2);
});

test('the chain goes on over a restart, and covers every flow in order', async () => {
  await using directory = await temporaryDirectory();
  for (let round = 0; round < 3; round++) await fill(directory.path);
  const db = new Database(join(directory.path, 'dropwise.sqlite'), { readonly: true });
  const seals = db
    .prepare<[], { number: number; first: number; last: number }>(
      `SELECT number, first_seq AS first, last_seq AS last FROM seals
       WHERE block_set = 'all' ORDER BY number`,
    )
    .all();
  db.close();
  expect(seals.map(({ number }) => number)).toEqual(seals.map((_, index) => index + 1));
  expect(seals.map(({ first }) => first)).toEqual([
    1,
    ...seals.slice(0, -1).map(({ last }) => last + 1),
  ]);
  expect((await verify(directory.path)).all.failure).toBeUndefined();
});

test('a stranger can compute a seal from the document alone', async () => {
  await using directory = await temporaryDirectory();
  const lost = { kind: 'lost', origin: 'test', node: 'n', reason: 'RING' } as const;
  const at = nanos(1_770_000_000_000_000_000n);
  const flows = await fill(directory.path, [{ ...lost, from: at, to: at, count: 2n ** 63n }]);
  const db = new Database(join(directory.path, 'dropwise.sqlite'), { readonly: true });
  const row = db
    .prepare<[], Record<string, string | number>>(
      "SELECT * FROM seals WHERE block_set = 'all' AND number = 1",
    )
    .get();
  db.close();
  const sealed = flows.slice(0, Number(row?.['last_seq']));
  const lengths = Buffer.alloc(sealed.length * 4);
  sealed.forEach(({ raw }, index) => lengths.writeUInt32LE(raw.bytes.length, index * 4));
  const content = createHash('sha256')
    .update(writeBlock(encodeFlows(sealed)))
    .update(Buffer.concat(sealed.map(({ raw }) => raw.bytes)))
    .update(Buffer.alloc(sealed.length, 1))
    .update(lengths)
    .digest('hex');
  expect(row?.['content']).toBe(content);
  const times = sealed.map(({ observedAt }) => observedAt).toSorted((a, b) => (a < b ? -1 : 1));
  const header =
    `{"set":"all","number":1,"firstSeq":1,"lastSeq":${sealed.length},"rows":${sealed.length},` +
    `"minObserved":"${times[0]}","maxObserved":"${times.at(-1)}","lost":"9223372036854775808",` +
    `"schema":${row?.['schema']},"format":1,"content":"${content}","previous":"${'0'.repeat(64)}"}`;
  expect(row?.['hash']).toBe(createHash('sha256').update(header).digest('hex'));
});

test('the content hash does not depend on how records were cut into chunks', async () => {
  const flows = someFlows(40);
  const columns = compressBlock(writeBlock(encodeFlows(flows)));
  const records = flows.map(({ raw }) => raw);
  const hashOf = async (...cuts: readonly number[]) => {
    const frames: Buffer[] = [];
    for (const [index, start] of cuts.entries()) {
      const chunks = await encodeRaw(records.slice(start, cuts[index + 1] ?? records.length));
      frames.push(...chunks.map(({ frame }) => frame));
    }
    return hashContent(columns, frames);
  };
  const whole = await hashOf(0);
  expect(whole.records).toBe(40);
  expect(await hashOf(0, 1, 17, 39)).toEqual(whole);
});

test('a canonical seal spells every property', () => {
  const seal: Seal = {
    ...{ set: 'drops', number: 2, firstSeq: 3, lastSeq: 9, rows: 4, lost: 0n, schema: 2 },
    ...{ minObserved: -1n, maxObserved: 5n, format: 1, content: 'c', previous: 'p' },
  };
  const spelt = JSON.parse(canonicalSeal(seal)) as Record<string, unknown>;
  expect(Object.keys(spelt).toSorted()).toEqual(Object.keys(seal).toSorted());
});

const RAW_OF_FIFTH = `first_seq = (SELECT min(first_seq) FROM raw_chunks WHERE first_seq >=
  (SELECT first_seq FROM seals WHERE block_set = 'all' AND number = 5))`;
const FIFTH = "block_set = 'all' AND number = 5";
const BLOCK_OF_FIFTH = `first_seq = (SELECT first_seq FROM seals WHERE ${FIFTH})`;

describe('the chain breaks at the block that was touched, when', () => {
  test.each([
    [
      'a record is replaced',
      [
        `UPDATE raw_chunks SET frame = (SELECT frame FROM raw_chunks WHERE first_seq = 1)
        WHERE ${RAW_OF_FIFTH}`,
      ],
      /records/,
    ],
    ['records are deleted', [`DELETE FROM raw_chunks WHERE ${RAW_OF_FIFTH}`], /0 records for/],
    [
      'columns are replaced',
      [
        `UPDATE blocks SET columns = (SELECT columns FROM blocks WHERE first_seq = 1)
        WHERE ${BLOCK_OF_FIFTH}`,
      ],
      /flows or their records were changed|records for/,
    ],
    ['columns are no block', [`UPDATE blocks SET columns = x'07' WHERE ${BLOCK_OF_FIFTH}`], /read/],
    ['a block is deleted', [`DELETE FROM blocks WHERE ${BLOCK_OF_FIFTH}`], /missing/],
    ['a seal is deleted', [`DELETE FROM seals WHERE ${FIFTH}`], /no seal|seal 5 is missing/],
    ['a loss is hidden', [`UPDATE seals SET lost = '7' WHERE ${FIFTH}`], /was changed/],
    [
      'a block is said to be past retention',
      [`UPDATE seals SET expired_at = 5 WHERE ${FIFTH}`],
      /still there/,
    ],
    ['a hash is made to fit', [`UPDATE seals SET hash = '00' WHERE ${FIFTH}`], /was changed/],
  ])('%s', async (_, statements, why) => {
    await using directory = await temporaryDirectory();
    await fill(directory.path);
    change(directory.path, ...statements);
    const { all } = await verify(directory.path);
    expect(all.seals).toBe(4);
    expect(all.failure?.why).toMatch(why);
  });

  test('a seal is made anew with another content', async () => {
    await using directory = await temporaryDirectory();
    await fill(directory.path);
    change(
      directory.path,
      `UPDATE seals SET content = '00', hash = '00' WHERE ${FIFTH}`,
      "UPDATE seals SET previous = '00' WHERE block_set = 'all' AND number = 6",
    );
    expect((await verify(directory.path)).all).toMatchObject({ seals: 4 });
  });
});

test('what retention removes keeps its seal, with the rule, also what never filled a block', async () => {
  await using directory = await temporaryDirectory();
  await fill(directory.path);
  await (async () => {
    await using store = await openSqliteStore({ directory: directory.path, ...SMALL });
    const later = nanos(2_000_000_000_000_000_000n);
    await store.append(batchOf([aFlow({ receivedAt: later, observedAt: later })]));
    await store.prune(allBefore(later));
    await store.append(batchOf([aFlow({ receivedAt: later })]));
  })();
  const { all, drops } = await verify(directory.path);
  expect(all).toMatchObject({ kept: 0, failure: undefined });
  expect(all.expired).toBe(all.seals);
  expect(drops).toMatchObject({ kept: 0, failure: undefined });
  const db = new Database(join(directory.path, 'dropwise.sqlite'), { readonly: true });
  const last = db
    .prepare("SELECT last_seq, expired_by FROM seals WHERE block_set = 'all' ORDER BY number DESC")
    .get();
  db.close();
  expect(last).toEqual({
    last_seq: 203,
    expired_by: 'keep: received before 2033-05-18T03:33:20.000000000Z',
  });
});

test('a block that was damaged before it could be sealed stops no commit, and the chain says so', async () => {
  await using directory = await temporaryDirectory();
  await using store = await openSqliteStore({ directory: directory.path, ...SMALL });
  await store.append(batchOf(someFlows(20)));
  change(directory.path, "UPDATE raw_chunks SET frame = x'01ff' WHERE first_seq = 1");
  await store.append(batchOf(someFlows(5)));
  expect(store.head()).toBe(25);
  const { all } = await verify(directory.path);
  expect(all.failure?.why).toContain('damaged before it could be sealed');
});
