import Database from 'better-sqlite3';
import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Checkpoint } from '../../server/core/flow.ts';
import { nanos } from '../../server/core/time.ts';
import { createRandom, type Random } from '../../server/demo/random.ts';
import { AppError } from '../../server/core/errors.ts';
import { checkStore } from '../../server/store/sqlite/check.ts';
import { openForReading } from '../../server/store/sqlite/database.ts';
import { openSqliteStore } from '../../server/store/sqlite/sqlite-store.ts';
import { batchOf } from '../support/flow.ts';
import { ALL_TIME, someFlows } from '../support/flow-stores.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const FILE = 'dropwise.sqlite';
const EVERYTHING = { where: undefined };
const ALL = { limit: 100_000, order: 'oldest' } as const;
const BATCHES = 120;
const SMALL = { blockRows: 200, fanIn: 4 } as const;
const SEEDS = 120;

type Dying = AsyncDisposable & {
  /** A copy of what a process leaves that dies now, in a directory of its own. */
  copy(name: string): Promise<string>;
};

/**
 * A store in use, or one that was `closed`. The log of the first holds what the file does not, and half of it is
 * copied, since a reader holds the other half.
 */
async function dyingStore({ closed }: { readonly closed: boolean }): Promise<Dying> {
  await using parts = new AsyncDisposableStack();
  const home = parts.use(await temporaryDirectory());
  const directory = join(home.path, 'origin');
  const store = parts.use(await openSqliteStore({ directory, ...SMALL }));
  const reader = new Database(join(directory, FILE));
  for (let at = 1; at <= BATCHES; at += 1) {
    await store.append(batchOf(someFlows(at % 30), { checkpoint: String(at) as Checkpoint }));
    if (at === BATCHES / 2) reader.exec('BEGIN; SELECT * FROM store');
  }
  if (closed) reader.close();
  else {
    parts.defer(() => void reader.close());
    const other = new Database(join(directory, FILE));
    other.pragma('wal_checkpoint(PASSIVE)');
    other.close();
  }
  const held = parts.move();
  if (closed) await store[Symbol.asyncDispose]();
  return {
    async copy(name) {
      const target = join(home.path, name);
      await mkdir(target);
      for (const suffix of closed ? [''] : ['', '-wal', '-shm']) {
        copyFileSync(join(directory, FILE + suffix), join(target, FILE + suffix));
      }
      return target;
    },
    [Symbol.asyncDispose]: () => (closed ? home : held)[Symbol.asyncDispose](),
  };
}

const flowsUpTo = (batch: number): number =>
  Array.from({ length: batch }, (_, at) => (at + 1) % 30).reduce((sum, size) => sum + size, 0);

/** What opening a store that may be damaged led to. */
type Outcome = 'whole' | 'earlier' | 'quarantined' | 'a damaged block' | 'refused';

async function outcomeOf(directory: string): Promise<Outcome> {
  await using store = await openSqliteStore({ directory, ...SMALL });
  const { quarantined } = store.status();
  // Whatever happened, it goes on.
  const append = async () => {
    const before = store.head();
    const { firstSeq } = await store.append(batchOf(someFlows(3)));
    expect(firstSeq).toBe(before + 1);
  };
  if (quarantined !== undefined) {
    expect(existsSync(quarantined.file)).toBe(true);
    expect(quarantined.file).toMatch(/dropwise\.sqlite\.damaged-\d{8}T\d{6}Z/);
    expect((await store.page(EVERYTHING, ALL)).flows).toEqual([]);
    expect(await store.gaps(ALL_TIME)).toMatchObject([
      { kind: 'unwatched', reason: 'store file damaged' },
    ]);
    await append();
    return 'quarantined';
  }
  const checkpoint = Number((await store.loadCheckpoint('test')) ?? 0);
  expect(store.head()).toBe(flowsUpTo(checkpoint));
  expect((await store.origins())[0]?.flows ?? 0).toBe(flowsUpTo(checkpoint));
  if (await hasDamagedBlock(directory)) {
    await append();
    await append();
    return 'a damaged block';
  }
  const { flows } = await store.page(EVERYTHING, ALL);
  expect(flows.map(({ seq }) => seq)).toEqual(flows.map((_, at) => at + 1));
  expect(flows).toHaveLength(store.head());
  await append();
  return checkpoint === BATCHES ? 'whole' : 'earlier';
}

/** The number of the schema is one of the bytes that may have changed. */
function refused(error: unknown): Outcome {
  if (error instanceof AppError && error.code === 'store-newer') return 'refused';
  throw error;
}

async function hasDamagedBlock(directory: string): Promise<boolean> {
  using opened = openForReading(directory);
  const checks = await checkStore(opened.db, { quick: false, progress: () => undefined });
  for (const { faults } of checks) expect(faults).toEqual([]);
  return checks.some(({ damaged }) => damaged.length > 0);
}

function flip(path: string, random: Random, [from, to]: readonly [number, number]): void {
  const bytes = readFileSync(path);
  const length = Math.min(to, bytes.length) - from;
  for (let count = random.pick([1, 1, 3, 60]); count > 0; count -= 1) {
    const at = from + random.below(length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
  }
  writeFileSync(path, bytes);
}

let dying: Dying;
let closed: Dying;
beforeAll(async () => {
  dying = await dyingStore({ closed: false });
  closed = await dyingStore({ closed: true });
});
afterAll(async () => {
  await dying[Symbol.asyncDispose]();
  await closed[Symbol.asyncDispose]();
});

describe('bytes that changed on the disk (fault 62)', () => {
  const places = [
    ['the header of a closed file', '', [0, 100], ['quarantined', 'whole']],
    ['a page of a closed file', '', [0, Infinity], ['a damaged block', 'quarantined', 'whole']],
    ['a page of the file', '', [0, Infinity], ['whole']],
    ['the header of the log', '-wal', [0, 32], ['quarantined']],
    ['the log', '-wal', [32, Infinity], ['earlier', 'quarantined']],
    ['the shared memory', '-shm', [0, 136], ['whole']],
  ] as const;

  test.each(places)('in %s', async (name, suffix, range, outcomes) => {
    const seen = new Set<Outcome>();
    for (let seed = 0; seed < SEEDS / places.length; seed += 1) {
      const from = name.includes('closed') ? closed : dying;
      const directory = await from.copy(`${name}-${seed}`.replaceAll(' ', '-'));
      flip(join(directory, FILE + suffix), createRandom(seed), range);
      try {
        seen.add(await outcomeOf(directory).catch(refused));
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
    }
    seen.delete('refused');
    expect([...seen].toSorted()).toEqual(outcomes);
  });

  test('a file that was cut off is kept as it was found, and a new one begun', async () => {
    const directory = await closed.copy('log-aside');
    const file = join(directory, FILE);
    const found = readFileSync(file);
    writeFileSync(file, found.subarray(0, found.length / 2));
    expect(await outcomeOf(directory)).toBe('quarantined');
    const aside = readdirSync(directory).find((name) => name.includes('.damaged-')) ?? '';
    expect(readFileSync(join(directory, aside))).toEqual(found.subarray(0, found.length / 2));
  });
});

test.each([
  [['-shm'], 'whole'],
  [['-wal'], 'quarantined'],
  [['-wal', '-shm'], 'quarantined'],
] as const)(
  'without %j a store recovers, or its file is put aside (fault 63)',
  async (gone, outcome) => {
    const directory = await dying.copy(`gone${gone.join('')}`);
    for (const suffix of gone) rmSync(join(directory, FILE + suffix));
    expect(await outcomeOf(directory)).toBe(outcome);
  },
);

test('a log that is damaged when all of it was copied is put aside alone, and nothing is missing (fault 63)', async () => {
  await using home = await temporaryDirectory();
  const [from, to] = [join(home.path, 'from'), join(home.path, 'to')];
  await mkdir(to);
  await using store = await openSqliteStore({ directory: from, ...SMALL });
  for (let at = 1; at <= BATCHES; at += 1) {
    await store.append(batchOf(someFlows(at % 30), { checkpoint: String(at) as Checkpoint }));
  }
  const other = new Database(join(from, FILE));
  other.pragma('wal_checkpoint(PASSIVE)');
  for (const suffix of ['', '-wal', '-shm']) {
    copyFileSync(join(from, FILE + suffix), join(to, FILE + suffix));
  }
  other.close();
  flip(join(to, `${FILE}-wal`), createRandom(1), [5_000, 9_000]);
  expect(await outcomeOf(to)).toBe('whole');
  expect(readdirSync(to).filter((name) => /\.damaged-\w+-wal$/.test(name))).toHaveLength(1);
});

test('a damaged block stops no commit, no merge, and only the queries that need it; these name it (fault 62)', async () => {
  const directory = await closed.copy('one-block');
  const db = new Database(join(directory, FILE));
  const select = 'SELECT first_seq, last_seq, min_observed, max_observed FROM blocks';
  const spans = db.prepare<[], Record<string, bigint>>(select).safeIntegers().all();
  const bad = spans.at(-1);
  db.prepare('UPDATE blocks SET columns = zeroblob(length(columns)) WHERE first_seq = ?').run(
    bad?.['first_seq'],
  );
  db.close();
  await using store = await openSqliteStore({ directory, ...SMALL });
  const damage = { code: 'store-damaged', fields: { firstSeq: Number(bad?.['first_seq']) } };
  await expect(store.page(EVERYTHING, ALL)).rejects.toMatchObject(damage);
  await expect(store.find(Number(bad?.['last_seq']))).rejects.toMatchObject(damage);
  const where = {
    ...EVERYTHING,
    within: { from: ALL_TIME.from, to: nanos(bad?.['min_observed'] ?? 0n) },
  };
  const before = await store.page(where, ALL);
  expect(before.flows).toHaveLength(Number(bad?.['first_seq']) - 1);
  const head = store.head();
  for (let round = 0; round < 40; round += 1) await store.append(batchOf(someFlows(30)));
  expect(store.head()).toBe(head + 1_200);
});
