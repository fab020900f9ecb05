import Database from 'better-sqlite3';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { nanos } from '../../server/core/time.ts';
import type { Diagnosis, Finding } from '../../server/operations/diagnosis.ts';
import { diagnose } from '../../server/operations/doctor.ts';
import { openSqliteStore } from '../../server/store/sqlite/sqlite-store.ts';
import { runDropwise } from '../support/dropwise.ts';
import { appendAll, someFlows } from '../support/flow-stores.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const look = (directory: string, quick = false): Promise<Diagnosis> =>
  diagnose({ directory, quick, progress: () => undefined });

const damagedOf = ({ findings }: Diagnosis, check?: Finding['check']) =>
  findings
    .filter((found) => check === undefined || found.check === check)
    .flatMap(({ damaged }) => damaged);

/** A store of many small full blocks, most of them sealed. */
async function makeStore(directory: string, batches = 40): Promise<void> {
  await using store = await openSqliteStore({ directory, blockRows: 24, fanIn: 3 });
  await appendAll(
    store,
    Array.from({ length: batches }, () => someFlows(7)),
  );
}

function change(directory: string, sql: string, ...values: unknown[]): void {
  const db = new Database(join(directory, 'dropwise.sqlite'));
  expect(db.prepare(sql).run(...values).changes).toBeGreaterThan(0);
  db.close();
}

type Block = { first_seq: number; last_seq: number; columns: Buffer };

function blocksOf(directory: string): readonly Block[] {
  const db = new Database(join(directory, 'dropwise.sqlite'), { readonly: true });
  const blocks = db.prepare<[], Block>('SELECT * FROM blocks ORDER BY first_seq').all();
  db.close();
  return blocks;
}

describe('doctor', () => {
  test('finds a sound store sound, while it is written and after retention', async () => {
    await using directory = await temporaryDirectory();
    await makeStore(directory.path);
    expect(await look(directory.path)).toMatchObject({ sound: true });
    await using store = await openSqliteStore({
      directory: directory.path,
      blockRows: 24,
      fanIn: 3,
    });
    const kept = await appendAll(store, [someFlows(50)]);
    const before = kept[0]?.receivedAt ?? nanos(0n);
    await store.prune({
      flowsBefore: before,
      dropsBefore: nanos(0n),
      countsBefore: nanos(0n),
    });
    const diagnosis = await look(directory.path);
    expect(damagedOf(diagnosis)).toEqual([]);
    expect(diagnosis.sound).toBe(true);
    expect(blocksOf(directory.path)[0]?.first_seq).toBeGreaterThan(200);
  });

  test('names the block in which a byte flipped, wherever it did', async () => {
    await using directory = await temporaryDirectory();
    await makeStore(directory.path);
    const block = blocksOf(directory.path)[1];
    if (block === undefined) throw new Error('no second block');
    const { first_seq: firstSeq, last_seq: lastSeq, columns } = block;
    for (let at = 0; at < columns.length; at += Math.ceil(columns.length / 40)) {
      const flipped = Buffer.from(columns);
      flipped[at] = (flipped[at] ?? 0) ^ 0x10;
      change(
        directory.path,
        'UPDATE blocks SET columns = ? WHERE first_seq = ?',
        flipped,
        firstSeq,
      );
      const diagnosis = await look(directory.path);
      expect(diagnosis.sound, `byte ${at}`).toBe(false);
      expect(damagedOf(diagnosis)).toContainEqual(
        expect.objectContaining({ set: 'all', firstSeq, lastSeq }),
      );
    }
    change(directory.path, 'UPDATE blocks SET columns = ? WHERE first_seq = ?', columns, firstSeq);
    expect(await look(directory.path)).toMatchObject({ sound: true });
  });

  test.each([
    [
      'UPDATE blocks SET dropped = dropped + 1, allowed = allowed - 1 WHERE first_seq = ?',
      'blocks',
      'header says',
    ],
    ['UPDATE blocks SET max_observed = max_observed + 1 WHERE first_seq = ?', 'blocks', 'times'],
    ['UPDATE blocks SET max_received = max_received + 1 WHERE first_seq = ?', 'blocks', 'times'],
    ['DELETE FROM blocks WHERE first_seq = ?', 'sequence', 'no block holds'],
    ['DELETE FROM blocks WHERE first_seq = ?', 'records', 'belong to no block'],
    ['DELETE FROM raw_chunks WHERE first_seq = ?', 'records', 'records for'],
    ["UPDATE raw_chunks SET frame = x'00ff' WHERE first_seq = ?", 'blocks', 'cannot be read'],
    ["UPDATE seals SET content = '' WHERE block_set = 'all' AND first_seq = ?", 'chain', 'changed'],
    ["DELETE FROM seals WHERE block_set = 'all' AND first_seq = ?", 'chain', 'no seal'],
  ] as const)('%s is found by the check of %s', async (sql, check, why) => {
    await using directory = await temporaryDirectory();
    await makeStore(directory.path);
    const firstSeq = blocksOf(directory.path)[2]?.first_seq;
    change(directory.path, sql, firstSeq);
    expect(damagedOf(await look(directory.path), check)).toContainEqual(
      expect.objectContaining({ firstSeq, why: expect.stringContaining(why) as string }),
    );
  });

  test('finds blocks that overlap and flows that are newer than the newest', async () => {
    await using directory = await temporaryDirectory();
    await makeStore(directory.path);
    const [first, second] = blocksOf(directory.path);
    change(
      directory.path,
      'UPDATE blocks SET last_seq = last_seq + 1 WHERE first_seq = ?',
      first?.first_seq,
    );
    change(directory.path, 'UPDATE store SET head = 100');
    const found = damagedOf(await look(directory.path, true), 'sequence');
    expect(found).toContainEqual(expect.objectContaining({ firstSeq: second?.first_seq }));
    expect(found.at(-1)?.why).toContain('newer than the newest');
  });

  test('finds a page that SQLite cannot read, and still looks at the rest', async () => {
    await using directory = await temporaryDirectory();
    await makeStore(directory.path, 200);
    const file = join(directory.path, 'dropwise.sqlite');
    const bytes = readFileSync(file);
    bytes.fill(0xff, bytes.length - 4_096 * 8, bytes.length - 4_096 * 6);
    writeFileSync(file, bytes);
    const { sound, findings } = await look(directory.path);
    expect(sound).toBe(false);
    expect(findings.find(({ check }) => check === 'structure')).toMatchObject({ state: 'damaged' });
    expect(findings.map(({ check }) => check)).toContain('space');
  });

  test('calls a store sound that was begun in place of a damaged one, and names that one', async () => {
    await using directory = await temporaryDirectory();
    await makeStore(directory.path);
    const file = join(directory.path, 'dropwise.sqlite');
    const bytes = readFileSync(file);
    bytes.fill(0xff, 4_096, 4_096 * 3);
    writeFileSync(file, bytes);
    await makeStore(directory.path, 0);
    const { sound, findings } = await look(directory.path);
    expect(findings.filter(({ state }) => state !== 'ok')).toMatchObject([
      { check: 'files', detail: expect.stringContaining('dropwise.sqlite.damaged-') as string },
    ]);
    expect(sound).toBe(true);
  });

  test('warns of strange files and of a directory that others may read, and calls the store sound', async () => {
    await using directory = await temporaryDirectory();
    await makeStore(directory.path, 2);
    writeFileSync(join(directory.path, 'x.sqlite.0a0b.partial'), '');
    chmodSync(directory.path, 0o755);
    const { sound, findings } = await look(directory.path);
    expect(sound).toBe(true);
    expect(findings.filter(({ state }) => state === 'warning')).toMatchObject([
      { check: 'files', detail: expect.stringContaining('x.sqlite.0a0b.partial') as string },
      { check: 'permissions' },
    ]);
  });

  test('is a command that ends with 0, 1 or 2', async () => {
    await using directory = await temporaryDirectory();
    const run = (...args: string[]) => runDropwise(['doctor', '--data', directory.path, ...args]);
    await makeStore(directory.path);
    const sound = await run();
    expect(sound).toMatchObject({ code: 0, stderr: '' });
    expect(sound.stdout).toMatch(/^CHECK +STATE +DETAIL\nstructure +ok/);

    const { first_seq: firstSeq, last_seq: lastSeq } = blocksOf(directory.path)[1] ?? {
      first_seq: 0,
      last_seq: 0,
    };
    change(directory.path, "UPDATE blocks SET columns = x'00' WHERE first_seq = ?", firstSeq);
    const damaged = await run('-o', 'json');
    expect(damaged.code).toBe(1);
    expect(damaged.stderr).toContain(`block ${firstSeq} to ${lastSeq}: it cannot be decoded`);
    expect(JSON.parse(damaged.stdout)).toMatchObject({ sound: false });
    expect(await run('--quick')).toMatchObject({ code: 0 });

    writeFileSync(join(directory.path, 'dropwise.sqlite'), 'this is no database at all, is it?');
    const unusable = await run();
    expect(unusable).toMatchObject({ code: 2, stdout: '' });
    expect(unusable.stderr).toContain('The store cannot be checked');
  });
});
