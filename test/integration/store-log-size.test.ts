import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { aFlow, batchOf } from '../support/flow.ts';
import { allBefore } from '../support/flow-stores.ts';
import { nanos } from '../../server/core/time.ts';
import { openSqliteStore } from '../../server/store/sqlite/sqlite-store.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const READER = new URL('../crash/long-reader.ts', import.meta.url).pathname;
/** SQLite copies the log every 1,000 pages, and a commit here writes some dozens more. */
const BOUND = 6_000_000;
const ROUNDS = 40;

test('while a reader of another process stays open the log grows by what is committed, and is bounded again when it goes (fault 60)', async () => {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, 'dropwise.sqlite');
  await using store = await openSqliteStore({ directory: directory.path });
  const log = (): number => statSync(`${file}-wal`).size;
  const commit = async (): Promise<void> => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const flows = Array.from({ length: 600 }, (_, at) =>
        aFlow({ sourcePort: at, raw: { format: 'hubble-json', bytes: noise(256) } }),
      );
      await store.append(batchOf(flows));
    }
  };
  await commit();
  expect(log()).toBeLessThan(BOUND);

  const reader = spawn(process.execPath, [READER, file], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(reader.stdout, 'data');
  const before = store.size();
  await commit();
  const held = log();
  expect(held).toBeGreaterThan(BOUND);
  // Never more than what was written: the reader costs no second copy.
  expect(store.size() - before).toBeLessThan(4 * ROUNDS * 600 * 300);
  reader.stdin.end();
  await once(reader, 'exit');

  await commit();
  const released = log();
  expect(released).toBeLessThan(held + BOUND);
  await commit();
  expect(log()).toBe(released);
  // Retention cuts it, as it does each time that it removes something.
  await store.prune(allBefore(nanos(2n ** 62n)));
  expect(log()).toBe(0);
});

/** Does not compress. */
const noise = (length: number): Uint8Array =>
  Uint8Array.from({ length }, () => Math.floor(Math.random() * 256));
