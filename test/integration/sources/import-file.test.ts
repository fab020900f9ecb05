import { writeFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { Flow, FlowBatch, Rejection } from '../../../server/core/flow.ts';
import { systemClock } from '../../../server/lib/clock.ts';
import { openImport, type Import, type StoredImport } from '../../../server/sources/import-file.ts';
import { handClock } from '../../support/hand-clock.ts';
import { sampleLines, samplePath } from '../../support/samples.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const open = (path: string, stored: readonly StoredImport[] = []): Promise<Import> =>
  openImport({ path, clock: systemClock(), stored });

async function readAll(imported: Import): Promise<readonly FlowBatch[]> {
  const batches: FlowBatch[] = [];
  for await (const batch of imported.batches(new AbortController().signal)) batches.push(batch);
  return batches;
}

const flowsOf = (batches: readonly FlowBatch[]): readonly Flow[] =>
  batches.flatMap(({ flows }) => flows);

const idsOf = (batches: readonly FlowBatch[]): readonly string[] =>
  flowsOf(batches).map(({ id }) => id);

test('equal records of one file are kept apart, and a second import finds them again', async () => {
  await using folder = await temporaryDirectory();
  const path = join(folder.path, 'twice.jsonl');
  const [record] = sampleLines('hubble/explicit-deny-with-policy-name.jsonl');
  await writeFile(path, `${record}\n${record}\n`);
  const first = await readAll(await open(path));
  const second = await readAll(await open(path));
  expect(new Set(idsOf(first)).size).toBe(2);
  expect(idsOf(second)).toEqual(idsOf(first));
  expect(first.some(({ mayRepeat }) => mayRepeat)).toBe(false);
});

test('a compressed file gives what the plain one gives, and its progress ends at its size', async () => {
  await using folder = await temporaryDirectory();
  const plainPath = samplePath('hubble/trace-tcp.jsonl');
  const text = sampleLines('hubble/trace-tcp.jsonl').join('\n');
  const path = join(folder.path, 'trace.jsonl.gz');
  await writeFile(path, gzipSync(`${text}\n`));
  const zipped = await open(path);
  const batches = await readAll(zipped);
  expect(idsOf(batches)).toEqual(idsOf(await readAll(await open(plainPath))));
  expect(zipped.bytesRead()).toBe(zipped.bytesTotal);
  expect(zipped.format()).toBe('Hubble JSON');
});

test('formats are told apart line by line, and what is no flow is refused with its reason', async () => {
  await using folder = await temporaryDirectory();
  const path = join(folder.path, 'mixed.log');
  const lines = [
    ...sampleLines('hubble/drops.jsonl'),
    ...sampleLines('calico/flows-file.jsonl'),
    ...sampleLines('hubble/legacy-bare-flow.jsonl'),
    sampleLines('hubble/filters.jsonl')[0],
    sampleLines('hubble/wire-vectors.jsonl')[0],
    sampleLines('calico/constructed-dns.jsonl')[0],
    sampleLines('calico/flows-file-2018-space-delimited.log')[0],
    'no newline at the end',
  ];
  await writeFile(path, lines.join('\n'));
  const imported = await open(path);
  const batches = await readAll(imported);
  const formats = flowsOf(batches).map(({ raw }) => raw.format);
  expect(formats.filter((format) => format === 'hubble-json')).toHaveLength(10);
  expect(formats.filter((format) => format === 'calico-json')).toHaveLength(6);
  expect(imported.format()).toBe('Hubble JSON and Calico flow log');
  const reasons = batches.flatMap(({ rejected }) =>
    rejected.map(({ reason, count }) => [reason, count]),
  );
  expect(Object.fromEntries(reasons)).toEqual({
    'unknown kind of record': 2,
    'Calico DNS log line, not a flow': 1,
    'old space-separated Calico format (2018), not supported': 1,
    'not JSON': 1,
  });
});

test('malformed lines stop nothing and are all counted (fault 51)', async () => {
  const batches = await readAll(await open(samplePath('calico/malformed-lines.log')));
  const rejected = batches.flatMap((batch) => batch.rejected);
  expect(flowsOf(batches).length).toBe(3);
  expect(rejected.reduce((sum, { count }) => sum + count, 0)).toBe(7);
});

test('a small file that expands without end is stopped (fault 29)', async () => {
  await using folder = await temporaryDirectory();
  const path = join(folder.path, 'bomb.gz');
  await writeFile(path, gzipSync(Buffer.alloc(100 * 1024 * 1024, 'y')));
  await expect(readAll(await open(path))).rejects.toThrow('expands more than 200 times');
});

test('a file that does not exist is named with its whole path', async () => {
  await using folder = await temporaryDirectory();
  const path = join(folder.path, 'none');
  const message = `The file cannot be read: ${path} does not exist; give the path`;
  await expect(open(relative(process.cwd(), path))).rejects.toThrow(message);
});

describe('a second import, into another store,', () => {
  const LINES = sampleLines('hubble/trace-tcp.jsonl');
  const text = (count: number): string =>
    LINES.slice(0, count)
      .map((line) => `${line}\n`)
      .join('');

  const small = (count: number): string =>
    Array.from(
      { length: count },
      (_, port) => `{"flow":{"verdict":"DROPPED","l4":{"TCP":{"source_port":${port}}}}}\n`,
    ).join('');

  test.each([
    ['a kilobyte', small, 2],
    ['many', text, 40],
  ])(
    'of a file that grew by a line, from less than %s, knows what it had',
    async (_, of, count) => {
      await using folder = await temporaryDirectory();
      const path = join(folder.path, 'grows.jsonl');
      await writeFile(path, of(count));
      const first = await readAll(await open(path));
      await writeFile(path, of(count + 1));
      const second = await readAll(await open(path));
      expect(idsOf(second).slice(0, count)).toEqual(idsOf(first));
      expect(new Set(idsOf(second)).size).toBe(count + 1);
    },
  );

  test('of its compressed form is of the same origin and ids', async () => {
    await using folder = await temporaryDirectory();
    const path = join(folder.path, 'trace.jsonl');
    await writeFile(path, text(9));
    await writeFile(`${path}.gz`, gzipSync(text(9)));
    const [plain, zipped] = [await open(path), await open(`${path}.gz`)];
    expect(zipped.origin).toBe(plain.origin);
    expect(plain.origin).toBe(`import:${basename(folder.path)}/trace.jsonl`);
    expect(idsOf(await readAll(zipped))).toEqual(idsOf(await readAll(plain)));
  });

  test('of a record without a time, hours later, has the same id', async () => {
    await using folder = await temporaryDirectory();
    const path = join(folder.path, 'masked.jsonl');
    await writeFile(path, '{"flow":{"verdict":"DROPPED"}}\n{"flow":{"verdict":"DROPPED"}}\n');
    const clock = handClock('2026-01-02T03:04:05Z');
    const first = await readAll(await openImport({ path, clock, stored: [] }));
    clock.advance(7200);
    const second = await readAll(await openImport({ path, clock, stored: [] }));
    expect(idsOf(second)).toEqual(idsOf(first));
    expect(flowsOf(second)[0]?.observedAt).not.toBe(flowsOf(first)[0]?.observedAt);
  });

  test('of some of its records in another file is of other records', async () => {
    await using folder = await temporaryDirectory();
    const [one, other] = [join(folder.path, 'one'), join(folder.path, 'other')];
    await writeFile(one, text(3));
    await writeFile(other, LINES.slice(1, 3).join('\n'));
    const ids = [
      ...idsOf(await readAll(await open(one))),
      ...idsOf(await readAll(await open(other))),
    ];
    expect(new Set(ids).size).toBe(5);
  });
});

describe('a compressed file', () => {
  const LINES = sampleLines('hubble/trace-tcp.jsonl');

  const rejectedOf = (batches: readonly FlowBatch[]): readonly Rejection[] =>
    batches.flatMap(({ rejected }) => rejected);

  test('cut short gives the flows before the cut, and the cut is one rejection (fault 49)', async () => {
    await using folder = await temporaryDirectory();
    const path = join(folder.path, 'cut.jsonl.gz');
    const whole = gzipSync(`${LINES.join('\n')}\n`);
    for (const part of [0.5, 0.9]) {
      await writeFile(path, whole.subarray(0, whole.length * part));
      const batches = await readAll(await open(path));
      expect(flowsOf(batches).length).toBeGreaterThan(LINES.length * part * 0.5);
      expect(flowsOf(batches).length).toBeLessThan(LINES.length);
      expect(rejectedOf(batches)).toMatchObject([{ reason: 'gzip data ends early', count: 1 }]);
    }
    await writeFile(path, whole.subarray(0, whole.length - 4));
    const batches = await readAll(await open(path));
    expect(flowsOf(batches)).toHaveLength(LINES.length);
    expect(rejectedOf(batches)).toMatchObject([{ reason: 'gzip data ends early', count: 1 }]);
  });

  test('cut before its first line gives the rejection alone', async () => {
    await using folder = await temporaryDirectory();
    const path = join(folder.path, 'cut.gz');
    await writeFile(path, gzipSync('x'.repeat(1000)).subarray(0, 12));
    const batches = await readAll(await open(path));
    expect(flowsOf(batches)).toEqual([]);
    expect(rejectedOf(batches)).toMatchObject([{ reason: 'gzip data ends early', count: 1 }]);
  });

  test('that is damaged in the middle stops there with its reason', async () => {
    await using folder = await temporaryDirectory();
    const path = join(folder.path, 'damaged.gz');
    const bytes = gzipSync(`${LINES.join('\n')}\n`);
    bytes.fill(0xff, bytes.length / 2, bytes.length / 2 + 64);
    await writeFile(path, bytes);
    const rejected = rejectedOf(await readAll(await open(path)));
    expect(rejected).toMatchObject([{ reason: 'gzip data is damaged', count: 1 }]);
  });

  test('of several members is read through all of them', async () => {
    await using folder = await temporaryDirectory();
    const path = join(folder.path, 'members.gz');
    const members = [LINES.slice(0, 5), LINES.slice(5, 9)].map((some) =>
      gzipSync(`${some.join('\n')}\n`),
    );
    await writeFile(path, Buffer.concat(members));
    const batches = await readAll(await open(path));
    expect(flowsOf(batches)).toHaveLength(9);
    expect(rejectedOf(batches)).toEqual([]);
  });
});

test('Calico lines inside the text of a log shipper are told from Hubble ones', async () => {
  await using folder = await temporaryDirectory();
  const path = join(folder.path, 'shipped.log');
  const shipped = (line: string | undefined): string => JSON.stringify({ log: `${line}\n` });
  const lines = [
    shipped(sampleLines('calico/flows-file.jsonl')[0]),
    shipped(sampleLines('hubble/drops.jsonl')[0]),
    JSON.stringify({ action: 'deny', proto: 6, source_name_aggr: 'web-*', dest_port: 80 }),
  ];
  await writeFile(path, lines.join('\n'));
  const flows = flowsOf(await readAll(await open(path)));
  expect(flows.map(({ raw }) => raw.format)).toEqual(['calico-json', 'hubble-json', 'calico-json']);
});
