import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { calicoLines } from '../../server/demo/generate.ts';
import type { FlowsResponse, SourcesResponse } from '../../server/http/contract.ts';
import { openLive } from '../support/api.ts';
import { eventually } from '../support/eventually.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const MAIN = new URL('../../server/main.ts', import.meta.url).pathname;
const PATIENCE = { timeoutMs: 30_000 };
const LINES = 30_000;

/** A server that the kernel refuses to write beyond a size in any file, which SQLite meets as an I/O error. */
async function serveWithin(kibibytes: number, args: readonly string[]) {
  // dash counts in 512 bytes.
  const script = `ulimit -f ${kibibytes * 2} && exec "$@"`;
  const child = spawn('sh', ['-c', script, 'sh', process.execPath, MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const closed = once(child, 'close') as Promise<[number | null]>;
  let text = '';
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      const match = /http:\/\/\S+\//.exec((text += chunk.toString('utf8')));
      if (match !== null) resolve(match[0]);
    });
    closed.then(([code]) => reject(new Error(`it ended with ${String(code)}`)), reject);
  });
  return {
    url,
    stop: async () => {
      child.kill('SIGTERM');
      return (await closed)[0];
    },
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await closed;
    },
  };
}

test('a disk that fails leaves a server that reads, says why nothing is stored, is not ready, and stops well (fault 66)', async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, 'flows.log');
  const data = join(directory.path, 'data');
  const lines = [...calicoLines({ seed: 3, count: LINES, startAt: 1_770_000_000_000 })];
  await appendFile(path, `${lines.slice(0, 1_000).join('\n')}\n`);
  const args = ['serve', '--port', '0', '--data', data, '--calico-file', path];
  await using server = await serveWithin(1_500, args);
  const ask = (route: string): Promise<Response> => fetch(server.url + route);
  const storeOf = async () =>
    ((await (await ask('api/v1/sources')).json()) as SourcesResponse).store;
  await eventually(async () => {
    expect(await storeOf()).toMatchObject({ flows: 1_000, paused: null });
  }, PATIENCE);
  expect((await fetch(`${server.url}readyz`)).status).toBe(200);
  using viewer = await openLive(server.url.slice(0, -1));

  await appendFile(path, `${lines.slice(1_000).join('\n')}\n`);
  const paused = await eventually(async () => {
    const { paused } = await storeOf();
    expect(paused).not.toBeNull();
    return paused;
  }, PATIENCE);
  expect(paused?.reason).toMatch(/SQLITE_IOERR.*Check the disk.*last commit is intact/);
  expect(await (await ask('metrics')).text()).toMatch(/^dropwise_store_paused 1$/m);
  const ready = await ask('readyz');
  expect(ready.status).toBe(503);
  expect(await ready.json()).toMatchObject({ code: 'store-failed' });
  expect((await fetch(`${server.url}livez`)).status).toBe(200);
  // Reads go on: whole commits, and nothing of the one that failed.
  const page = await ask('api/v1/flows?limit=1&t=all');
  expect(page.status).toBe(200);
  const body = (await page.json()) as FlowsResponse;
  expect(body.flows[0]?.seq).toBe(body.head);
  // Live goes on, and says that it is not stored.
  await eventually(() => {
    const ticks = viewer.of('tick').filter(({ storing }) => !storing);
    expect(ticks.reduce((sum, { unstored }) => sum + unstored, 0)).toBeGreaterThan(0);
    const seqs = viewer.of('flows').flatMap(({ flows }) => flows.map(({ seq }) => seq));
    expect(seqs.some((seq) => !Number.isInteger(seq))).toBe(true);
    expect(seqs).toEqual(seqs.toSorted((one, other) => one - other));
  }, PATIENCE);
  expect(await server.stop()).toBe(0);
}, 90_000);
