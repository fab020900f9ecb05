/**
 * Flows a second from a relay's socket to the disk: gRPC over loopback, decode, commit, tell the main thread. The
 * relay is a process of its own on the same machine and sends as fast as it is read. CPU is that of all threads of
 * this process: receive, decode, encode, compress, write.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { startIngestThread } from '../../server/processes/ingest-thread.ts';
import type { BlastOptions } from '../support/blast-relay.ts';
import { eventually } from '../support/eventually.ts';
import { controlMs, print, spread } from '../support/measure.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { createTestCa } from '../support/tls.ts';

const COUNT = 400_128;
const ROUNDS = Number(process.argv[2] ?? 3);
const RELAY = new URL('../support/blast-relay.ts', import.meta.url);

using ca = createTestCa();
const served = ca.issue('instance.hubble-relay.cilium.io');
const client = ca.issue('ui.hubble-relay.cilium.io');
const pem = (path: string): string => readFileSync(path, 'utf8');

const tls = {
  server: { key: pem(served.key), cert: pem(served.cert), ca: pem(ca.ca) },
  client: { ca: ca.ca, ...client, serverName: 'instance.hubble-relay.cilium.io' },
};

async function round(withTls: boolean, endpoints: number) {
  const options: BlastOptions = {
    count: COUNT,
    perSecond: 0,
    endpoints,
    ...(withTls ? { tls: tls.server } : {}),
  };
  const relay = fork(RELAY, [JSON.stringify(options)]);
  const [{ address }] = (await once(relay, 'message')) as [{ address: string }];
  await using directory = await temporaryDirectory();
  let head = 0;
  const cpuBefore = process.cpuUsage();
  const begun = performance.now();
  const thread = await startIngestThread({
    directory: directory.path,
    sources: [
      {
        name: 'relay',
        setting: { kind: 'hubble-relay', address, ...(withTls ? { tls: tls.client } : {}) },
      },
    ],
    keep: { flowsMs: 1e12, dropsMs: 1e12, countsMs: 1e12, maxBytes: undefined },
    minFreeBytes: 0,
    logLevel: 'warn',
    publish: (commit) => void (head = commit.head),
    onfailure: (error) => {
      throw error;
    },
  });
  await eventually(
    () => {
      if (head < COUNT) throw new Error(`only ${head} of ${COUNT} flows came`);
    },
    { timeoutMs: 120_000, everyMs: 5 },
  );
  await thread[Symbol.asyncDispose]();
  const seconds = (performance.now() - begun) / 1_000;
  const cpu = process.cpuUsage(cpuBefore);
  relay.disconnect();
  await once(relay, 'exit');
  return {
    wall: COUNT / seconds,
    perCpuSecond: COUNT / ((cpu.user + cpu.system) / 1_000_000),
    rss: process.memoryUsage().rss / 1_048_576,
  };
}

for (const endpoints of [2_000, 50_000]) {
  const results: Record<string, Awaited<ReturnType<typeof round>>[]> = { plain: [], mTLS: [] };
  const control: number[] = [];
  for (let at = 0; at < ROUNDS; at += 1) {
    for (const [kind, rounds] of Object.entries(results)) {
      control.push(controlMs());
      rounds.push(await round(kind === 'mTLS', endpoints));
    }
  }
  for (const [kind, rounds] of Object.entries(results)) {
    print({
      name: `ingest from relay to disk, ${kind}, ${endpoints} endpoints`,
      unit: 'flows/s',
      rounds: ROUNDS,
      ...spread(rounds.map(({ wall }) => wall)),
      perCpuSecond: spread(rounds.map(({ perCpuSecond }) => perCpuSecond)),
      rssMiB: spread(rounds.map(({ rss }) => rss)),
      controlMs: spread(control),
    });
  }
}
