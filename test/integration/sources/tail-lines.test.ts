import {
  appendFile,
  copyFile,
  readFile,
  rename,
  rm,
  truncate,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../../server/lib/clock.ts';
import { calicoFile } from '../../../server/sources/calico-file.ts';
import { startReading, type Reading } from '../../support/collect-batches.ts';
import { eventually } from '../../support/eventually.ts';
import {
  followFile,
  numberedLine,
  numberedLines,
  numbersBetween,
} from '../../support/followed-file.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const numbers = (reading: Reading): readonly number[] =>
  reading.flows().map(({ sourcePort }) => sourcePort);

const hasRead = (reading: Reading, from: number, to: number): Promise<void> =>
  eventually(() => expect(numbers(reading)).toEqual(numbersBetween(from, to)));

/** Reads the file from its beginning until it has the numbers, and stops. */
async function readTo(path: string, to: number): Promise<Reading> {
  const { reading } = followFile(path);
  await hasRead(reading, 1, to);
  await reading.stop();
  return reading;
}

describe('following a file', () => {
  test('rename rotation under load loses and repeats nothing (fault 43)', async () => {
    await using folder = await temporaryDirectory();
    const path = join(folder.path, 'events.log');
    await writeFile(path, '');
    await using opened = followFile(path);
    const { reading, reports } = opened;
    await eventually(() => expect(reports.at(-1)?.state).toBe('reading'));
    let next = 1;
    for (let rotation = 0; rotation < 5; rotation += 1) {
      for (let burst = 0; burst < 20; burst += 1) {
        await appendFile(path, numberedLines(next, next + 25, 'x'.repeat(200)));
        next += 25;
      }
      await rename(path, join(folder.path, `events-2026-01-02T03-04-0${rotation}.000.log`));
    }
    await writeFile(path, numberedLines(next, next + 3));
    await hasRead(reading, 1, next + 3);
    expect(reading.gaps()).toEqual([]);
    expect(new Set(reading.flows().map(({ id }) => id)).size).toBe(next + 2);
  });

  test('a copied and truncated file that is smaller is read from its beginning (fault 44)', async () => {
    await using folder = await temporaryDirectory();
    const path = join(folder.path, 'events.log');
    await writeFile(path, numberedLines(1, 50));
    await using opened = followFile(path);
    const { reading } = opened;
    await hasRead(reading, 1, 50);
    await copyFile(path, `${path}.1`);
    await truncate(path, 0);
    await appendFile(path, numberedLines(50, 53));
    await hasRead(reading, 1, 53);
    expect(reading.gaps()).toEqual([]);
  });

  test('a truncation without a copy leaves a gap, since nobody knows what was lost (fault 44)', async () => {
    await using folder = await temporaryDirectory();
    const path = join(folder.path, 'events.log');
    await writeFile(path, numberedLines(1, 50));
    await using opened = followFile(path);
    const { reading } = opened;
    await hasRead(reading, 1, 50);
    await truncate(path, 0);
    await appendFile(path, numberedLines(50, 53));
    await hasRead(reading, 1, 53);
    expect(reading.gaps()).toMatchObject([{ kind: 'unwatched', reason: 'rotated before read' }]);
  });

  test('copy and truncation while stopped is told by content when the file is larger (fault 45)', async () => {
    await using folder = await temporaryDirectory();
    const path = join(folder.path, 'events.log');
    await writeFile(path, numberedLines(1, 10));
    const before = await readTo(path, 10);
    await appendFile(path, numberedLines(10, 12));
    await copyFile(path, `${path}.1`);
    await truncate(path, 0);
    await appendFile(path, numberedLines(12, 60));
    await using opened = followFile(path, { after: before.checkpoint() });
    const { reading } = opened;
    await hasRead(reading, 10, 60);
    expect(reading.gaps()).toEqual([]);
  });

  test('an inode reused by another file is another file (fault 46)', async () => {
    await using folder = await temporaryDirectory();
    const path = join(folder.path, 'events.log');
    await writeFile(path, numberedLines(1, 10));
    const before = await readTo(path, 10);
    // The same inode with other content is what reuse looks like, and needs no luck with the allocator.
    await truncate(path, 0);
    await appendFile(path, numberedLines(100, 160));
    await using opened = followFile(path, { after: before.checkpoint() });
    const { reading } = opened;
    await hasRead(reading, 100, 160);
    expect(reading.gaps()).toMatchObject([{ kind: 'unwatched' }]);
  });

  test('two files with the same first kilobyte are distinct (fault 47)', async () => {
    await using folder = await temporaryDirectory();
    const path = join(folder.path, 'events.log');
    const head = numberedLine(1, 'x'.repeat(2000));
    await writeFile(path, head + numberedLines(2, 10));
    const before = await readTo(path, 10);
    await rename(path, join(folder.path, 'events-1.log'));
    await writeFile(path, head + numberedLines(10, 15));
    await using opened = followFile(path, { after: before.checkpoint() });
    const { reading } = opened;
    await eventually(() => expect(numbers(reading)).toEqual([1, ...numbersBetween(10, 15)]));
    const ids = [...before.flows(), ...reading.flows()].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('a partial line is read once and whole after a restart (fault 48)', async () => {
    await using folder = await temporaryDirectory();
    const path = join(folder.path, 'events.log');
    const whole = numberedLine(3);
    await writeFile(path, numberedLines(1, 3) + whole.slice(0, 20));
    const before = await readTo(path, 3);
    expect(before.rejected()).toEqual([]);
    await appendFile(path, whole.slice(20) + numberedLine(4));
    await using opened = followFile(path, { after: before.checkpoint() });
    const { reading } = opened;
    await hasRead(reading, 3, 5);
    expect(reading.rejected()).toEqual([]);
  });

  test('a file compressed while stopped is resumed and not read again (fault 49)', async () => {
    await using folder = await temporaryDirectory();
    const path = join(folder.path, 'events.log');
    await writeFile(path, numberedLines(1, 100));
    const before = await readTo(path, 100);
    await appendFile(path, numberedLines(100, 120));
    const content = await readFile(path);
    await writeFile(join(folder.path, 'events-2026.log.gz'), gzipSync(content));
    await unlink(path);
    await writeFile(path, numberedLines(120, 125));
    await using opened = followFile(path, { after: before.checkpoint() });
    const { reading } = opened;
    await hasRead(reading, 100, 125);
    expect(reading.gaps()).toEqual([]);
  });

  test('a rotated file and its half-written compressed twin are read once (fault 49)', async () => {
    await using folder = await temporaryDirectory();
    const path = join(folder.path, 'events.log');
    await writeFile(path, numberedLines(1, 100));
    const before = await readTo(path, 100);
    await appendFile(path, numberedLines(100, 120));
    await rename(path, join(folder.path, 'events-2026.log'));
    const zipped = gzipSync(await readFile(join(folder.path, 'events-2026.log')));
    await writeFile(join(folder.path, 'events-2026.log.gz'), zipped.subarray(0, zipped.length / 2));
    await writeFile(path, numberedLines(120, 125));
    await using opened = followFile(path, { after: before.checkpoint() });
    const { reading } = opened;
    await hasRead(reading, 100, 125);
  });

  test('a compressed file that is half written is read on when it is whole (fault 49)', async () => {
    await using folder = await temporaryDirectory();
    const path = join(folder.path, 'events.log');
    await writeFile(path, numberedLines(1, 100));
    const before = await readTo(path, 100);
    await appendFile(path, numberedLines(100, 3000));
    const zipped = gzipSync(await readFile(path));
    const rotated = join(folder.path, 'events-2026-01-02T03-04-05.000.log.gz');
    await writeFile(rotated, zipped.subarray(0, zipped.length / 2));
    await unlink(path);
    await using opened = followFile(path, { after: before.checkpoint() });
    const { reading } = opened;
    await eventually(() => expect(reading.flows().length).toBeGreaterThan(100));
    expect(reading.flows().length).toBeLessThan(2900);
    await appendFile(rotated, zipped.subarray(zipped.length / 2));
    await writeFile(path, numberedLines(3000, 3005));
    await hasRead(reading, 100, 3005);
    expect(reading.gaps()).toEqual([]);
    expect(reading.rejected()).toEqual([]);
  });

  test('rotated twice while down: what is left is read, what is gone is a gap (fault 50)', async () => {
    await using folder = await temporaryDirectory();
    const path = join(folder.path, 'events.log');
    await writeFile(path, numberedLines(1, 10));
    const before = await readTo(path, 10);
    await appendFile(path, numberedLines(10, 20));
    await unlink(path);
    await writeFile(join(folder.path, 'events-2.log'), numberedLines(20, 30));
    await writeFile(path, numberedLines(30, 40));
    await using opened = followFile(path, { after: before.checkpoint() });
    const { reading } = opened;
    await hasRead(reading, 20, 40);
    expect(reading.gaps()).toMatchObject([{ kind: 'unwatched', reason: 'rotated before read' }]);
    const [gap] = reading.gaps();
    expect(gap!.from).toBeLessThan(gap!.to);
  });

  test('the log of another source that begins alike is not read (fault 47)', async () => {
    await using folder = await temporaryDirectory();
    const path = join(folder.path, 'events.log');
    await writeFile(path, numberedLines(1, 10));
    const before = await readTo(path, 10);
    await rename(path, join(folder.path, 'events-2026-01-02T03-04-05.000.log'));
    await writeFile(join(folder.path, 'events-dmz.log'), numberedLines(100, 110));
    await writeFile(path, numberedLines(10, 15));
    await using opened = followFile(path, { after: before.checkpoint() });
    const { reading } = opened;
    await hasRead(reading, 10, 15);
  });

  test('a long line, NUL padding, CRLF and a byte order mark stop nothing (fault 51)', async () => {
    await using folder = await temporaryDirectory();
    const path = join(folder.path, 'events.log');
    const content = [
      `\uFEFF${numberedLine(1)}`,
      numberedLine(2).replace('\n', '\r\n'),
      `\0\0\0\0${numberedLine(3)}`,
      `${'y'.repeat(2 * 1024 * 1024)}\n`,
      '\n',
      numberedLine(4),
    ].join('');
    await writeFile(path, content);
    await appendFile(path, Buffer.from([0x22, 0xff, 0xfe, 0x22, 0x0a]));
    await appendFile(path, numberedLine(5));
    await using opened = followFile(path);
    const { reading } = opened;
    await hasRead(reading, 1, 6);
    const reasons = reading.rejected().map(({ reason, count }) => ({ reason, count }));
    expect(reasons).toEqual(
      expect.arrayContaining([
        { reason: 'line longer than 1 MiB', count: 1 },
        { reason: 'not UTF-8', count: 1 },
      ]),
    );
    expect(reasons).toHaveLength(2);
  });

  test('a file deleted while it is read is read to its end, and waited for (fault 82)', async () => {
    await using folder = await temporaryDirectory();
    const path = join(folder.path, 'events.log');
    await writeFile(path, numberedLines(1, 2001, 'z'.repeat(2000)));
    await using opened = followFile(path);
    const { reading, reports } = opened;
    await eventually(() => expect(reading.flows().length).toBeGreaterThan(0));
    await unlink(path);
    await hasRead(reading, 1, 2001);
    await eventually(() => expect(reports.at(-1)?.state).toBe('waiting'));
    expect(reports.at(-1)?.detail).toContain('does not exist');
    await writeFile(path, numberedLines(2001, 2003));
    await hasRead(reading, 1, 2003);
    expect(reading.gaps()).toEqual([]);
  });

  test('a file that does not exist yet is waited for (fault 82)', async () => {
    await using folder = await temporaryDirectory();
    const path = join(folder.path, 'later', 'events.log');
    await using opened = followFile(path);
    const { reading, reports } = opened;
    await eventually(() => expect(reports.at(-1)?.state).toBe('waiting'));
    await mkdir(join(folder.path, 'later'));
    await writeFile(path, numberedLines(1, 3));
    await hasRead(reading, 1, 3);
  });

  test('what is rotated before it was read once is read, at a first start too (fault 43)', async () => {
    await using folder = await temporaryDirectory();
    const path = join(folder.path, 'events.log');
    await using opened = followFile(path);
    const { reading, reports } = opened;
    await eventually(() => expect(reports.at(-1)?.state).toBe('waiting'));
    // Written and rotated under another name, then put in place: the reader never sees these as the live file.
    const beside = join(folder.path, 'beside');
    await writeFile(beside, numberedLines(1, 5));
    await rename(beside, `${path}.2`);
    await writeFile(beside, gzipSync(numberedLines(5, 10)));
    await rename(beside, `${path}.1.gz`);
    await writeFile(beside, numberedLines(10, 15));
    await rename(beside, path);
    await hasRead(reading, 1, 15);
    expect(reading.gaps()).toEqual([]);
  });

  test('what was rotated before the first start is left alone, also when it is renamed or compressed then', async () => {
    await using folder = await temporaryDirectory();
    const path = join(folder.path, 'events.log');
    const timed = join(folder.path, 'events-2026-01-02T03-04-05.000.log');
    await writeFile(`${path}.1`, numberedLines(100, 110));
    await writeFile(timed, numberedLines(110, 120));
    await using opened = followFile(path);
    const { reading, reports } = opened;
    await eventually(() => expect(reports.at(-1)?.state).toBe('waiting'));
    await rename(`${path}.1`, `${path}.2`);
    await writeFile(`${timed}.gz`, gzipSync(await readFile(timed)));
    await unlink(timed);
    await writeFile(join(folder.path, 'beside'), numberedLines(1, 5));
    await rename(join(folder.path, 'beside'), `${path}.1`);
    await hasRead(reading, 1, 5);
    await writeFile(path, numberedLines(5, 10));
    await hasRead(reading, 1, 10);
  });

  test('a directory in the place of the file is named and not opened (fault 83)', async () => {
    await using folder = await temporaryDirectory();
    await using opened = followFile(folder.path);
    const { reading, reports } = opened;
    await eventually(() => expect(reports.at(-1)?.detail).toContain('no regular file'));
    expect(reading.error()).toBeUndefined();
  });

  test('a restart in the middle goes on behind the last committed line', async () => {
    await using folder = await temporaryDirectory();
    const path = join(folder.path, 'events.log');
    await writeFile(path, numberedLines(1, 5));
    const before = await readTo(path, 5);
    await appendFile(path, numberedLines(5, 8));
    await using opened = followFile(path, { after: before.checkpoint() });
    const { reading } = opened;
    await hasRead(reading, 5, 8);
    expect(reading.flows().every(({ node }) => node === 'node-1')).toBe(true);
  });

  test('a Calico file may hold lines that a Hubble file may not', async () => {
    await using folder = await temporaryDirectory();
    const path = join(folder.path, 'flows.log');
    const record = { action: 'allow', reporter: 'src', start_time: 1, end_time: 2 };
    const long = { ...record, dest_domains: ['d'.repeat(3 * 1024 * 1024)] };
    await writeFile(path, `${JSON.stringify(long)}\n${JSON.stringify(record)}\n`);
    const report = (): void => undefined;
    const common = { name: 'calico', path, node: 'n', clock: systemClock(), report, pollMs: 10 };
    await using reading = startReading(calicoFile(common));
    await eventually(() => expect(reading.flows()).toHaveLength(2));
    await rm(path);
    expect(reading.flows()[1]).toMatchObject({ node: 'n', event: 'flow-log' });
  });
});
