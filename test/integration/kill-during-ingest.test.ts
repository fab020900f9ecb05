import { appendFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { calicoLines } from '../../server/demo/generate.ts';
import { openDemoCluster } from '../../server/demo/demo-cluster.ts';
import type { FlowJson, SourcesResponse } from '../../server/http/contract.ts';
import { runDropwise, serveDropwise } from '../support/dropwise.ts';
import { eventually } from '../support/eventually.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const LINES_A_ROUND = 20_000;

test('kill -9 twice while a relay and a rotated file are read: nothing is missing or double (faults 40, 41, 43)', async () => {
  await using directory = await temporaryDirectory();
  const log = join(directory.path, 'flows.log');
  const data = join(directory.path, 'data');
  await using cluster = await openDemoCluster({
    seed: 7,
    flowsPerSecond: 1_000,
    backfillMinutes: 0,
    calicoDirectory: join(directory.path, 'unused'),
  });
  const args = ['serve', '--port', '0', '--data', data, '--calico-file', log];
  args.push('--hubble-relay', `relay=${cluster.relayAddress}`);
  const lines = [...calicoLines({ seed: 3, count: 3 * LINES_A_ROUND, startAt: 1_770_000_000_000 })];

  for (let round = 0; round < 3; round += 1) {
    const server = await serveDropwise(args);
    const before = await storedOf(server.url, log);
    const part = lines.slice(round * LINES_A_ROUND, (round + 1) * LINES_A_ROUND);
    await appendFile(log, `${part.slice(0, LINES_A_ROUND / 2).join('\n')}\n`);
    // Rotated while it is read, and killed somewhere in the middle of what follows.
    await eventually(async () => expect(await storedOf(server.url, log)).toBeGreaterThan(before), {
      timeoutMs: 30_000,
      everyMs: 5,
    });
    await rename(log, join(directory.path, `flows-2026-02-02T02-40-0${round}.000.log`));
    await appendFile(log, `${part.slice(LINES_A_ROUND / 2).join('\n')}\n`);
    if (round < 2) await server.kill();
    else {
      await eventually(async () => expect(await storedOf(server.url, log)).toBe(lines.length), {
        timeoutMs: 30_000,
      });
      expect(await server.stop()).toBe(0);
    }
  }

  const printed = await runDropwise(['flows', '--since', 'all', '-o', 'json', '--data', data]);
  const flows = printed.stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as FlowJson);
  const ids = flows.map((flow) => flow.id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(flows.map((flow) => flow.seq)).toEqual(flows.map((_, at) => at + 1));
  expect(flows.filter((flow) => flow.origin === log)).toHaveLength(lines.length);
  expect(flows.filter((flow) => flow.origin === 'relay').length).toBeGreaterThan(0);
}, 120_000);

async function storedOf(url: string, name: string): Promise<number> {
  const { sources } = (await (await fetch(`${url}api/v1/sources`)).json()) as SourcesResponse;
  return sources.find((source) => source.name === name)?.stored ?? 0;
}
