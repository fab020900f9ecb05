/**
 * Offers flows over mTLS at a steady rate to a whole server with four viewers, for as long as one likes:
 * `node test/bench/soak.ts [flows a second] [seconds] [endpoints] [new pods a second]`. Prints what was offered, what
 * is stored, the gaps that were recorded, and the memory of the server's process now and then. It fails when
 * stored is not offered less recorded losses.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SourcesResponse } from '../../server/http/contract.ts';
import { openLive, type LiveClient } from '../support/api.ts';
import type { BlastOptions } from '../support/blast-relay.ts';
import { serveDropwise } from '../support/dropwise.ts';
import { print } from '../support/measure.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { createTestCa } from '../support/tls.ts';

const [perSecond = 20_000, seconds = 60, endpoints = 2_000, newPodsPerSecond = 0] = process.argv
  .slice(2)
  .map(Number);
const SAMPLE_MS = Math.max(10_000, seconds * 10);
const VIEWERS = 4;

using ca = createTestCa();
const served = ca.issue('instance.hubble-relay.cilium.io');
const client = ca.issue('ui.hubble-relay.cilium.io');
const pem = (path: string): string => readFileSync(path, 'utf8');
const options: BlastOptions = {
  count: perSecond * seconds,
  perSecond,
  seconds,
  endpoints,
  fresh: true,
  ...(newPodsPerSecond > 0 ? { newPodsPerSecond } : {}),
  tls: { key: pem(served.key), cert: pem(served.cert), ca: pem(ca.ca) },
};
const relay = fork(new URL('../support/blast-relay.ts', import.meta.url), [
  JSON.stringify(options),
]);
const [{ address }] = (await once(relay, 'message')) as [{ address: string }];

await using directory = await temporaryDirectory();
const config = join(directory.path, 'dropwise.json');
const tls = { ca: ca.ca, ...client, serverName: 'instance.hubble-relay.cilium.io' };
const source = { kind: 'hubble-relay', name: 'relay', address, tls };
await writeFile(config, JSON.stringify({ sources: [source] }));
const finished = once(relay, 'message') as Promise<[{ sent: number; tookMs: number }]>;
await using server = await serveDropwise([
  ...['serve', '--config', config, '--port', '0'],
  ...['--data', join(directory.path, 'data')],
]);
const viewers: LiveClient[] = [];
for (let at = 0; at < VIEWERS; at++) {
  viewers.push(await openLive(server.url.replace(/\/$/, ''), { keep: false }));
}

const residentMiB = (): number => {
  const status = readFileSync(`/proc/${server.pid}/status`, 'utf8');
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1_024);
};
const ask = async (): Promise<SourcesResponse> =>
  (await fetch(`${server.url}api/v1/sources`)).json() as Promise<SourcesResponse>;

const resident: number[] = [];
const stored = async (): Promise<number> => (await ask()).sources[0]?.stored ?? 0;
const sampler = setInterval(() => {
  resident.push(residentMiB());
  stored().then(
    (flows) => print({ name: 'soak: so far', flows, residentMiB: resident.at(-1) }),
    (error: unknown) => print({ name: 'soak: no answer', error: String(error) }),
  );
}, SAMPLE_MS);

const [{ sent, tookMs }] = await finished;
let before = -1;
for (let now = await stored(); now !== before; now = await stored()) {
  before = now;
  await new Promise((go) => setTimeout(go, 2_000));
}
clearInterval(sampler);
const { sources, store } = await ask();
const lost = Number(sources[0]?.lost ?? 0);
print({
  name: `soak: ${perSecond} flows/s offered over mTLS, ${VIEWERS} viewers, ${endpoints} endpoints, ${newPodsPerSecond} new a second`,
  seconds: Math.round(tookMs / 1_000),
  sent,
  sentPerSecond: Math.round(sent / (tookMs / 1_000)),
  stored: before,
  lost,
  gaps: sources[0]?.gaps.length ?? 0,
  bytesPerFlow: Math.round((store.bytes / before) * 10) / 10,
  residentMiB: {
    first: resident[0],
    median: resident.toSorted()[resident.length >> 1],
    last: resident.at(-1),
  },
});
relay.disconnect();
if (before !== sent - lost) process.exitCode = 1;
for (const viewer of viewers) viewer[Symbol.dispose]();
