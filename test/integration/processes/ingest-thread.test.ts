import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { LiveCommit } from '../../../server/live/live-hub.ts';
import { openLiveRows } from '../../../server/live/live-rows.ts';
import { startIngestThread, type IngestThread } from '../../../server/processes/ingest-thread.ts';
import { openSqliteStore } from '../../../server/store/sqlite/sqlite-store.ts';
import { eventually } from '../../support/eventually.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const line = (port: number): string =>
  `${JSON.stringify({
    flow: {
      time: '2026-01-02T03:04:05Z',
      verdict: port % 2 === 0 ? 'DROPPED' : 'FORWARDED',
      drop_reason_desc: port % 2 === 0 ? 'POLICY_DENIED' : undefined,
      IP: { source: '10.0.0.1', destination: '10.0.0.2' },
      l4: { TCP: { source_port: 40_000, destination_port: port } },
      Type: 'L3_L4',
    },
  })}\n`;

type Started = {
  readonly thread: IngestThread;
  readonly commits: LiveCommit[];
  readonly failures: unknown[];
};

async function start(directory: string, file: string): Promise<Started> {
  const commits: LiveCommit[] = [];
  const failures: unknown[] = [];
  const thread = await startIngestThread({
    directory,
    sources: [{ name: 'file', setting: { kind: 'hubble-file', path: file, node: 'n' } }],
    keep: { flowsMs: 1e12, dropsMs: 1e12, countsMs: 1e12, maxBytes: undefined },
    minFreeBytes: 0,
    logLevel: 'silent',
    publish: (commit) => void commits.push(commit),
    onfailure: (error) => void failures.push(error),
  });
  return { thread, commits, failures };
}

test('every commit is told once it is on disk, in order, with all of its flows', async () => {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, 'events.log');
  await writeFile(file, [1, 2, 3].map(line).join(''));
  const { thread, commits, failures } = await start(directory.path, file);
  try {
    expect(commits[0]).toEqual({ head: 0, blocks: [], gaps: [], untold: 0 });
    await eventually(() => expect(commits.at(-1)?.head).toBe(3));
    await appendFile(file, [4, 5].map(line).join(''));
    await eventually(() => expect(commits.at(-1)?.head).toBe(5));
    await thread.checkWritable();
    expect(thread.size()).toBeGreaterThan(0);
    await eventually(() => expect(thread.statuses()).toMatchObject([{ state: 'reading' }]));
  } finally {
    await thread[Symbol.asyncDispose]();
  }
  const blocks = commits.flatMap((commit) => commit.blocks);
  const drops = blocks.flatMap((block) => {
    const rows = openLiveRows(block);
    const flows = Array.from({ length: rows.count }, (_, row) => rows.flow(row));
    return flows.filter(({ verdict }) => verdict.kind === 'dropped');
  });
  expect(drops.map(({ seq, destinationPort }) => [seq, destinationPort])).toEqual([
    [2, 2],
    [4, 4],
  ]);
  expect(failures).toEqual([]);
  await using store = await openSqliteStore({ directory: directory.path });
  expect(store.head()).toBe(5);
});

test('a store that another process has is refused with its name, and nothing runs', async () => {
  await using directory = await temporaryDirectory();
  await using store = await openSqliteStore({ directory: directory.path });
  expect(store.head()).toBe(0);
  await expect(start(directory.path, join(directory.path, 'none.log'))).rejects.toMatchObject({
    name: 'AppError',
    code: 'store-in-use',
  });
});
