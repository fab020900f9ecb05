import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDemoCluster } from '../../server/demo/demo-cluster.ts';
import { eventually } from '../support/eventually.ts';
import { handClock } from '../support/hand-clock.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

test('the flow log starts with the past, grows in whole lines and is renamed when it is large', async () => {
  const clock = handClock('2026-03-04T05:00:00Z');
  await using place = await temporaryDirectory();
  const directory = place.path;
  await using demo = await openDemoCluster({
    seed: 1,
    calicoDirectory: directory,
    backfillMinutes: 2,
    clock,
    calicoFlushSeconds: 0.02,
    calicoMaxBytes: 100_000,
  });
  const lines = async (): Promise<{ start_time: number; end_time: number }[]> => {
    const texts: string[] = [];
    for (const name of (await readdir(directory)).sort()) {
      const text = await readFile(join(directory, name), 'utf8');
      expect(text === '' || text.endsWith('\n')).toBe(true);
      texts.push(text);
    }
    return texts
      .join('')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { start_time: number; end_time: number });
  };

  expect((await lines())[0]?.start_time).toBe(Date.parse('2026-03-04T04:58:00Z') / 1000);
  clock.advance(60);
  await eventually(async () => {
    const names = await readdir(directory);
    expect(names).toContain('flows.log');
    const size = (await readFile(demo.calicoFile)).length;
    expect(size).toBeGreaterThan(100_000);
  });
  clock.advance(10);
  await eventually(async () => {
    const backups = (await readdir(directory)).filter((name) => name !== 'flows.log');
    expect(backups).toEqual(['flows-2026-03-04T05-01-10.000.log']);
  });
  await eventually(async () => {
    expect(
      (await lines()).some(
        ({ end_time }) => end_time === Date.parse('2026-03-04T05:01:10Z') / 1000,
      ),
    ).toBe(true);
  });
});
