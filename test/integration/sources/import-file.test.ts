import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { Flow, FlowBatch } from '../../../server/core/flow.ts';
import { systemClock } from '../../../server/lib/clock.ts';
import { openImport, type Import } from '../../../server/sources/import-file.ts';
import { sampleLines, samplePath } from '../../support/samples.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const open = (path: string): Promise<Import> => openImport({ path, clock: systemClock() });

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
  expect(second.every(({ mayRepeat }) => mayRepeat)).toBe(true);
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

test('a file that does not exist or is cut short is named', async () => {
  await using folder = await temporaryDirectory();
  await expect(open(join(folder.path, 'none'))).rejects.toThrow('does not exist');
  const path = join(folder.path, 'cut.gz');
  await writeFile(path, gzipSync('x'.repeat(1000)).subarray(0, 20));
  await expect(readAll(await open(path))).rejects.toThrow('cannot be read to its end');
});
