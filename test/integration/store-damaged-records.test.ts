import Database from 'better-sqlite3';
import { join } from 'node:path';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { RecordedFlow } from '../../server/core/flow.ts';
import { checkStore } from '../../server/store/sqlite/check.ts';
import { openForReading } from '../../server/store/sqlite/database.ts';
import { openSqliteStore } from '../../server/store/sqlite/sqlite-store.ts';
import type { FlowStore } from '../../server/store/flow-store.ts';
import { appendAll, someFlows } from '../support/flow-stores.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const BLOCK_ROWS = 20;
const SMALL = { blockRows: BLOCK_ROWS, fanIn: 3 };
const ALL = { limit: 1_000, order: 'oldest' } as const;
/** Bytes of a frame that are flipped, one at a time. */
const TRIED = 60;

/** Full blocks, each with a chunk of records that is compressed; all but the last are sealed. */
const fill = (store: FlowStore, blocks: number): Promise<readonly RecordedFlow[]> =>
  appendAll(
    store,
    Array.from({ length: blocks }, (_, block) =>
      someFlows(BLOCK_ROWS).map((flow, row) => ({
        ...flow,
        raw: { format: 'hubble-json', bytes: recordOf(block, row) } as const,
      })),
    ),
  );

const recordOf = (block: number, row: number): Uint8Array =>
  new TextEncoder().encode(
    JSON.stringify({ block, row, pods: ['web', 'db'], at: (row * 7919) ** 2 }),
  );

function openFile(directory: string): Disposable & { readonly db: Database.Database } {
  const db = new Database(join(directory, 'dropwise.sqlite'));
  return { db, [Symbol.dispose]: () => void db.close() };
}

function frameAt(directory: string, seq: number): Buffer {
  using opened = openFile(directory);
  const select = 'SELECT frame FROM raw_chunks WHERE first_seq = ?';
  const frame = opened.db.prepare<[number], Buffer>(select).pluck().get(seq);
  if (frame === undefined) throw new Error(`no chunk begins at ${seq}`);
  return frame;
}

function setFrame(directory: string, seq: number, frame: Buffer): void {
  using opened = openFile(directory);
  opened.db.prepare('UPDATE raw_chunks SET frame = ? WHERE first_seq = ?').run(frame, seq);
}

const flipped = (frame: Buffer, at: number): Buffer => {
  const bytes = Buffer.from(frame);
  bytes[at] = (bytes[at] ?? 0) ^ 0x10;
  return bytes;
};

async function damagedIn(directory: string) {
  using opened = openForReading(directory);
  const checks = await checkStore(opened.db, { quick: false, progress: () => undefined });
  for (const { faults } of checks) expect(faults).toEqual([]);
  return checks.flatMap(({ name, damaged }) =>
    damaged.map(({ set, firstSeq, lastSeq, why }) => ({ name, set, firstSeq, lastSeq, why })),
  );
}

/** Every record but those of the damaged chunk, and every flow. */
async function expectTheRest(
  store: FlowStore,
  flows: readonly RecordedFlow[],
  { firstSeq, lastSeq }: { readonly firstSeq: number; readonly lastSeq: number },
): Promise<void> {
  const page = await store.page({ where: undefined }, ALL);
  expect(page.flows.map(({ id }) => id)).toEqual(flows.map(({ id }) => id));
  for (const flow of flows) {
    if (flow.seq >= firstSeq && flow.seq <= lastSeq) continue;
    expect((await store.find(flow.seq))?.raw).toEqual(flow.raw);
  }
}

test('a byte that flipped in stored records is named by whoever asks for one and by the doctor, and nothing else is lost (fault 62)', async () => {
  await using home = await temporaryDirectory();
  const directory = home.path;
  await using store = await openSqliteStore({ directory, ...SMALL });
  const flows = await fill(store, 6);
  const [firstSeq, lastSeq] = [2 * BLOCK_ROWS + 1, 3 * BLOCK_ROWS];
  const asked = flows[firstSeq + 4];
  if (asked === undefined) throw new Error('no such flow');
  const sound = frameAt(directory, firstSeq);
  expect(sound[0]).toBe(1);
  let harmless = 0;
  const positions = Array.from({ length: TRIED }, (_, at) =>
    Math.floor((at * sound.length) / TRIED),
  );
  for (const at of positions) {
    setFrame(directory, firstSeq, flipped(sound, at));
    const found = await store.find(asked.seq).catch((error: unknown) => error);
    if (!(found instanceof Error)) {
      // A bit that means nothing in zstd's format; the checksum says that all came out as it was.
      expect(found, `byte ${at}`).toMatchObject({ raw: asked.raw });
      expect(await damagedIn(directory), `byte ${at}`).toEqual([]);
      harmless += 1;
      continue;
    }
    expect(found, `byte ${at}`).toMatchObject({
      code: 'store-damaged',
      fields: { firstSeq, lastSeq },
    });
    const place = { set: 'all', firstSeq, lastSeq };
    expect(await damagedIn(directory), `byte ${at}`).toMatchObject([
      { ...place, name: 'blocks', why: expect.stringContaining('cannot be read') as string },
      { ...place, name: 'chain' },
    ]);
  }
  expect(harmless).toBeLessThan(TRIED / 10);
  setFrame(directory, firstSeq, flipped(sound, sound.length - 1));
  await expectTheRest(store, flows, { firstSeq, lastSeq });
  setFrame(directory, firstSeq, sound);
  expect(await damagedIn(directory)).toEqual([]);
});

test('records in which a byte flipped before they were sealed stop no commit, and their seal says so (fault 62)', async () => {
  await using home = await temporaryDirectory();
  const directory = home.path;
  await using store = await openSqliteStore({ directory, ...SMALL });
  const flows = [...(await fill(store, 3))];
  const [firstSeq, lastSeq] = [2 * BLOCK_ROWS + 1, 3 * BLOCK_ROWS];
  const sound = frameAt(directory, firstSeq);
  setFrame(directory, firstSeq, flipped(sound, sound.length >> 1));
  flows.push(...(await fill(store, 3)));
  expect(store.head()).toBe(6 * BLOCK_ROWS);
  expect(await damagedIn(directory)).toMatchObject([
    { name: 'blocks', firstSeq, lastSeq },
    { name: 'chain', firstSeq, lastSeq, why: 'the block was damaged before it could be sealed' },
  ]);
  await expect(store.find(lastSeq)).rejects.toMatchObject({ code: 'store-damaged' });
  await expectTheRest(store, flows, { firstSeq, lastSeq });
});

test('records that an older version compressed without a checksum are read, merged and sealed alike', async () => {
  await using home = await temporaryDirectory();
  const directory = home.path;
  await using store = await openSqliteStore({ directory, ...SMALL });
  const flows = await fill(store, 3);
  for (let seq = 1; seq <= flows.length; seq += BLOCK_ROWS) {
    const frame = frameAt(directory, seq);
    const old = Buffer.concat([
      Buffer.of(1),
      zstdCompressSync(zstdDecompressSync(frame.subarray(1))),
    ]);
    // The checksum takes four bytes, and a bit of the descriptor says that it is there.
    expect((frame[5] ?? 0) & 4).toBe(4);
    expect((old[5] ?? 0) & 4).toBe(0);
    setFrame(directory, seq, old);
  }
  for (const flow of flows) expect((await store.find(flow.seq))?.raw).toEqual(flow.raw);
  await fill(store, 2);
  expect(await damagedIn(directory)).toEqual([]);
});
