import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { appendFile, mkdir, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as rest } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../../server/lib/clock.ts';
import { calicoFile } from '../../../server/sources/calico-file.ts';
import type { SourceReport } from '../../../server/sources/flow-source.ts';
import { hubbleFile } from '../../../server/sources/hubble-file.ts';
import { startReading, type Reading } from '../../support/collect-batches.ts';
import { eventually } from '../../support/eventually.ts';
import {
  followFile,
  numberedLine,
  numberedLines,
  numbersBetween,
} from '../../support/followed-file.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const sorted = (reading: Reading): readonly number[] =>
  reading
    .flows()
    .map(({ sourcePort }) => sourcePort)
    .sort((one, other) => one - other);

const hasAll = (reading: Reading, from: number, to: number): Promise<void> =>
  eventually(() => expect(sorted(reading)).toEqual(numbersBetween(from, to)), {
    timeoutMs: 30_000,
  });

/** Files of this folder that the process has open, where the system tells. */
function openIn(folder: string): number {
  if (!existsSync('/proc/self/fd')) return 0;
  const isThere = (descriptor: string): boolean => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`).startsWith(folder);
    } catch {
      // Closed while we looked.
      return false;
    }
  };
  return readdirSync('/proc/self/fd').filter(isThere).length;
}

describe('following all files that match', () => {
  test('files that come later are read, and those that vanish are read to their end (fault 82)', async () => {
    await using folder = await temporaryDirectory();
    await using opened = followFile(join(folder.path, '*.log'));
    const { reading, reports } = opened;
    await eventually(() => expect(reports.at(-1)?.detail).toContain('no file matches'));
    expect(reports.at(-1)?.state).toBe('waiting');
    await writeFile(join(folder.path, 'a.log'), numberedLines(1, 500, 'x'.repeat(500)));
    await eventually(() => expect(reading.flows().length).toBeGreaterThan(0));
    await rm(join(folder.path, 'a.log'));
    await writeFile(join(folder.path, 'b.log'), numberedLines(500, 510));
    await hasAll(reading, 1, 510);
    await eventually(() => expect(reports.at(-1)?.detail).toBe('following 1 file'));
    await eventually(() => {
      const { files } = JSON.parse(reading.checkpoint() ?? '') as { files: string[][] };
      expect(files.map(([path]) => path)).toEqual([join(folder.path, 'b.log')]);
    });
    expect(reading.gaps()).toEqual([]);
  });

  test('a file that vanished while it was closed leaves a gap, since nobody knows what it held (fault 82)', async () => {
    await using folder = await temporaryDirectory();
    const path = join(folder.path, 'a.log');
    await writeFile(path, numberedLines(1, 5));
    const before = followFile(join(folder.path, '*.log'));
    await hasAll(before.reading, 1, 5);
    await before.reading.stop();
    await appendFile(path, numberedLines(5, 9));
    await rm(path);
    await using opened = followFile(join(folder.path, '*.log'), {
      after: before.reading.checkpoint(),
    });
    await eventually(() => expect(opened.reading.gaps()).toMatchObject([{ kind: 'unwatched' }]));
    const checkpoint: unknown = JSON.parse(opened.reading.checkpoint() ?? '');
    expect(checkpoint).toMatchObject({ files: [] });
  });

  test('what is no regular file is ignored, and why is shown (fault 83)', async () => {
    await using folder = await temporaryDirectory();
    const at = (name: string): string => join(folder.path, name);
    execFileSync('mkfifo', [at('fifo.log')]);
    await mkdir(at('folder.log'));
    await symlink(at('loop.log'), at('loop.log'));
    await symlink('/dev/zero', at('device.log'));
    await writeFile(at('real.log'), numberedLines(1, 4));
    await symlink(at('real.log'), at('same.log'));
    await using opened = followFile(at('*.log'));
    const { reading, reports } = opened;
    await hasAll(reading, 1, 4);
    await eventually(() => expect(reports.at(-1)?.detail).toContain('5 ignored'));
    const detail = reports.at(-1)?.detail ?? '';
    expect(detail).toContain('device.log is no regular file');
    expect(detail).toContain('fifo.log is no regular file');
    expect(reports.at(-1)?.state).toBe('reading');
    await rm(at('fifo.log'));
    await writeFile(at('fifo.log'), numberedLines(4, 6));
    await hasAll(reading, 1, 6);
  });

  test('of thousands of matching files few are open at once, and none waits for another (fault 84)', async () => {
    await using folder = await temporaryDirectory();
    const files = 1_000;
    for (let at = 1; at <= files; at += 1) {
      await writeFile(join(folder.path, `pod-${at}-x.log`), numberedLine(at));
    }
    // One that would take all turns for itself.
    const greedy = join(folder.path, 'greedy.log');
    await writeFile(greedy, numberedLines(10_000, 25_000, 'y'.repeat(700)));
    await using opened = followFile(join(folder.path, '*.log'), { mostOpen: 16 });
    const { reading } = opened;
    let most = 0;
    await eventually(
      () => {
        most = Math.max(most, openIn(folder.path));
        expect(reading.flows().length).toBe(files + 15_000);
      },
      { timeoutMs: 50_000 },
    );
    // The limit, and what is looked at or opened a moment to know a file again.
    expect(most).toBeLessThanOrEqual(16 + 8);
    const order = reading.flows().map(({ sourcePort }) => sourcePort);
    const lastGreedy = order.lastIndexOf(24_999);
    expect(order.indexOf(1)).toBeLessThan(lastGreedy);
    await appendFile(join(folder.path, 'pod-7-x.log'), numberedLine(40_000));
    await appendFile(join(folder.path, 'pod-999-x.log'), numberedLine(40_001));
    await eventually(() => expect(sorted(reading).slice(-2)).toEqual([40_000, 40_001]), {
      timeoutMs: 30_000,
    });
    expect(new Set(reading.flows().map(({ id }) => id)).size).toBe(files + 15_002);
    const checkpoint = reading.checkpoint() ?? '';
    expect(checkpoint.length / files).toBeLessThan(250);
    await reading.stop();
    await using again = followFile(join(folder.path, '*.log'), { after: reading.checkpoint() });
    await appendFile(greedy, numberedLine(40_002));
    await eventually(() => expect(sorted(again.reading)).toEqual([40_002]), { timeoutMs: 30_000 });
  });

  test('rotations are read as part of their log, though they match as well (fault 43)', async () => {
    await using folder = await temporaryDirectory();
    const at = (name: string): string => join(folder.path, name);
    await writeFile(at('a.log'), numberedLines(1, 5));
    await using opened = followFile(at('*.log*'), { mostOpen: 1 });
    const { reading } = opened;
    await writeFile(at('b.log'), numberedLines(100, 103));
    await eventually(() => expect(reading.flows()).toHaveLength(7));
    await appendFile(at('a.log'), numberedLines(5, 8));
    await rename(at('a.log'), at('a.log.1'));
    await writeFile(at('a.log'), numberedLines(8, 10));
    await rename(at('b.log'), at('b-2026-01-02T03-04-05.000.log'));
    await writeFile(at('b.log'), numberedLines(103, 105));
    await eventually(() =>
      expect(sorted(reading)).toEqual([...numbersBetween(1, 10), ...numbersBetween(100, 105)]),
    );
    expect(reading.gaps()).toEqual([]);
  });

  test('a file that gets another name is not read again', async () => {
    await using folder = await temporaryDirectory();
    const at = (name: string): string => join(folder.path, name);
    await writeFile(at('a.log'), numberedLines(1, 5));
    await using opened = followFile(at('*.log'));
    const { reading } = opened;
    await hasAll(reading, 1, 5);
    await rename(at('a.log'), at('renamed.log'));
    await appendFile(at('renamed.log'), numberedLines(5, 7));
    await hasAll(reading, 1, 7);
    expect(reading.gaps()).toEqual([]);
  });

  test('the checkpoint of the first version is understood', async () => {
    await using folder = await temporaryDirectory();
    const path = join(folder.path, 'events.log');
    await writeFile(path, numberedLines(1, 5));
    const before = followFile(path);
    await hasAll(before.reading, 1, 5);
    await before.reading.stop();
    const { at, files } = JSON.parse(before.reading.checkpoint() ?? '') as {
      at: string;
      files: (string | number)[][];
    };
    const [, device, inode, offset, modifiedMs, , headLength, head, beforeLength, hash] =
      files[0] ?? [];
    const mark = {
      device,
      inode,
      offset,
      modifiedMs,
      headLength,
      head,
      beforeLength,
      before: hash,
    };
    const first = JSON.stringify({ ...mark, readAt: at }) as NonNullable<
      Parameters<typeof startReading>[1]
    >;
    await appendFile(path, numberedLines(5, 8));
    await using opened = followFile(path, { after: first });
    await hasAll(opened.reading, 5, 8);
    expect(opened.reading.gaps()).toEqual([]);
  });
});

test('a reader that falls behind says when unread lines will be rotated away (fault 50)', async () => {
  await using folder = await temporaryDirectory();
  const path = join(folder.path, 'events.log');
  const burst = numberedLines(1, 9_000, 'x'.repeat(200));
  await writeFile(path, burst);
  const reports: SourceReport[] = [];
  const report = (told: SourceReport): number => reports.push(told);
  const source = hubbleFile({ name: 'f', path, node: '', clock: systemClock(), report });
  const stop = new AbortController();
  for await (const batch of source.read(undefined, stop.signal)) {
    if (batch.flows.length === 0) continue;
    const { rotationLossMs, bytesBehind } = reports.at(-1) ?? {};
    if (rotationLossMs !== undefined) {
      expect(bytesBehind).toBeGreaterThan(0);
      // It is at 10 MiB that the exporter rotates, and five files are kept: seconds are left, not hours.
      expect(rotationLossMs).toBeLessThan(3_600_000);
      stop.abort();
    } else {
      // The writer adds twice of what was read, at a pace at which the disk can follow.
      await appendFile(path, burst + burst);
      await rest(150);
    }
  }
  expect(reports.at(-1)?.rotationLossMs).toBeDefined();
});

describe('what the lines are', () => {
  const calico = `${JSON.stringify({ action: 'deny', reporter: 'src', start_time: 1, end_time: 2 })}\n`;
  const aggregated = `${JSON.stringify({
    flow: { verdict: 'DROPPED', aggregate: { egress_flow_count: 3 } },
    time: '2026-01-02T03:04:05Z',
  })}\n`;

  test('tells their content, whatever the setting says', async () => {
    await using folder = await temporaryDirectory();
    const path = join(folder.path, 'flows.log');
    await writeFile(path, numberedLine(1) + calico + aggregated);
    const common = { name: 'f', path, node: '', clock: systemClock(), report: () => undefined };
    for (const create of [hubbleFile, calicoFile]) {
      await using reading = startReading(create({ ...common, pollMs: 10 }));
      await eventually(() => expect(reading.flows()).toHaveLength(3));
      expect(reading.flows().map(({ event, counts }) => [event, counts.events])).toEqual([
        ['unknown', 1],
        ['flow-log', 1],
        ['unknown', 3],
      ]);
      expect(reading.rejected()).toEqual([]);
    }
  });

  test('is said when it is nothing that is known: file, place, finding and what is known', async () => {
    await using folder = await temporaryDirectory();
    const path = join(folder.path, 'access.log');
    await writeFile(path, 'GET /\nGET /b\n{"a":1}\n');
    await using opened = followFile(path);
    const { reports } = opened;
    await eventually(() => expect(reports.at(-1)?.detail).toContain('3 lines of no known format'));
    const detail = reports.at(-1)?.detail ?? '';
    expect(detail).toContain(`since byte 0 of ${path} (not JSON: GET /)`);
    expect(detail).toContain('Hubble JSON lines');
    expect(detail).toContain('Calico');
    await appendFile(path, numberedLine(1));
    await eventually(() => expect(reports.at(-1)?.detail).toBe(''));
    await appendFile(path, '{"torn');
    await truncate(path, 0);
  });
});
