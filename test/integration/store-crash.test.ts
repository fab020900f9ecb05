import Database from 'better-sqlite3';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { nanos } from '../../server/core/time.ts';
import { openSqliteStore } from '../../server/store/sqlite/sqlite-store.ts';
import { batchOf, aFlow } from '../support/flow.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const APPENDER = new URL('../support/appending-process.ts', import.meta.url).pathname;
const ALL_TIME = { from: nanos(0n), to: nanos(2n ** 62n) };

/** Lets a process append until it told `commits` of them, then kills it `delayMs` later. Answers with its last word. */
async function appendUntilKilled(
  directory: string,
  { commits, delayMs }: { readonly commits: number; readonly delayMs: number },
): Promise<number> {
  const child = spawn(process.execPath, [APPENDER, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let told = 0;
  let lines = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    if (line !== 'open') told = Number(line);
    if (++lines === commits) setTimeout(() => child.kill('SIGKILL'), delayMs);
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  expect(child.signalCode).toBe('SIGKILL');
  return told;
}

test('after a kill in the middle of appends, rows, head, checkpoint and roll-ups agree (fault 40)', async () => {
  await using directory = await temporaryDirectory();
  let before = 0;
  for (const [round, commits] of [2, 40, 17, 71, 29, 90].entries()) {
    const told = await appendUntilKilled(directory.path, { commits, delayMs: round * 1.7 });

    await using store = await openSqliteStore({ directory: directory.path });
    const head = store.head();
    // What was told is kept, and at most the commit that was under way is more.
    expect(head).toBeGreaterThanOrEqual(told);
    expect(head).toBeGreaterThan(before);
    const page = await store.page({ where: undefined }, { limit: 1_000_000, order: 'oldest' });
    expect(page.flows.map(({ seq }) => seq)).toEqual(
      Array.from({ length: head }, (_, index) => index + 1),
    );
    for (const seq of [1, Math.ceil(head / 2), head]) {
      expect((await store.find(seq))?.raw.bytes.length).toBeGreaterThan(0);
    }
    expect(await store.loadCheckpoint('test')).toBe(String(head));
    const drops = page.flows.filter(({ verdict }) => verdict.kind === 'dropped').length;
    expect(await store.origins()).toMatchObject([
      {
        flows: head,
        byVerdict: { allowed: head - drops, dropped: drops },
        lost: BigInt(head),
        rejected: [{ count: head }],
      },
    ]);
    const rows = await store.policyHits({ within: ALL_TIME, buckets: 1 });
    expect(rows.map(({ totals }) => totals.allowed + totals.denied)).toEqual([head]);
    expectSoundFile(directory.path);
    before = head;
  }
}, 60_000);

/** Blocks and chunks that follow each other without hole or overlap, in a file that SQLite finds sound. */
function expectSoundFile(directory: string): void {
  const db = new Database(join(directory, 'dropwise.sqlite'), { readonly: true });
  try {
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
    for (const table of ['blocks', 'raw_chunks']) {
      const ranges = db
        .prepare<[], { first_seq: number; last_seq: number }>(
          `SELECT first_seq, last_seq FROM ${table} ORDER BY first_seq`,
        )
        .all();
      for (const [index, range] of ranges.entries()) {
        expect(range.first_seq).toBe(1 + (ranges[index - 1]?.last_seq ?? 0));
      }
    }
  } finally {
    db.close();
  }
}

test('a second instance is refused, the first goes on, and its death frees the directory (fault 80)', async () => {
  await using directory = await temporaryDirectory();
  const child = spawn(process.execPath, [APPENDER, directory.path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  try {
    expect((await lines.next()).value).toBe('open');
    await expect(openSqliteStore({ directory: directory.path })).rejects.toMatchObject({
      code: 'store-in-use',
    });
    expect(Number((await lines.next()).value)).toBeGreaterThan(0);
    expect(child.exitCode).toBeNull();
  } finally {
    child.kill('SIGKILL');
  }
  await once(child, 'exit');
  await using store = await openSqliteStore({ directory: directory.path });
  expect((await store.append(batchOf([aFlow()]))).flows).toHaveLength(1);
});
