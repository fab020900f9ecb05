/**
 * Questions about weeks of history while flows come in: `node test/bench/history.bench.ts [stored flows] [flows a
 * second] [directory]`. A store of that size is made first, and kept where a directory is named, so that a second run
 * begins at once. Then a whole server is asked over HTTP, and a search through everything is followed and given up.
 */
import Database from 'better-sqlite3';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FlowsResponse, SourcesResponse } from '../../server/http/contract.ts';
import { openSqliteStore } from '../../server/store/sqlite/sqlite-store.ts';
import type { BlastOptions } from '../support/blast-relay.ts';
import { serveDropwise } from '../support/dropwise.ts';
import { batchOf } from '../support/flow.ts';
import { controlMs, print, spread } from '../support/measure.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { createTestCa } from '../support/tls.ts';
import { DENIED, makeFlows, OUTSIDE_IP } from './peers/flows.ts';

const [flows = 20_000_000, perSecond = 50_000] = process.argv.slice(2, 4).map(Number);
const ROUNDS = 20;
const BATCH = 4_096;
const WARM_UP_MS = 3_000;
/** The day of `makeFlows`. */
const DAY = '2026-02-02T02:40:00Z..2026-02-03T02:40:00Z';
/** Found nowhere, and in no index: every block has to be read. */
const NEEDLE = 'pod:/^there-is-no-such-pod-[0-9]+$/';
const PART_MS = 250;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function load(directory: string): Promise<void> {
  const begun = performance.now();
  await using store = await openSqliteStore({ directory });
  let batch: Parameters<typeof batchOf>[0][number][] = [];
  for (const flow of makeFlows(flows)) {
    if (batch.push(flow) < BATCH) continue;
    await store.append(batchOf(batch, { origin: flow.origin }));
    batch = [];
  }
  if (batch.length > 0) await store.append(batchOf(batch, { origin: 'relay-east' }));
  print({
    name: 'history: load',
    flows,
    flowsPerSecond: Math.round(flows / ((performance.now() - begun) / 1_000)),
    bytesPerFlow: Math.round((10 * store.size()) / flows) / 10,
  });
}

/** What was counted beforehand, against all that is stored. */
function printRollups(directory: string): void {
  const file = join(directory, 'dropwise.sqlite');
  const db = new Database(file, { readonly: true });
  const sum = (sql: string): number => db.prepare<[], number>(sql).pluck().get() ?? 0;
  const bytes =
    sum('SELECT sum(length(columns)) FROM rollup_cubes') +
    sum('SELECT sum(length(filter)) FROM rollup_filters') +
    sum('SELECT sum(length(columns)) FROM policy_hours');
  const stored = sum('SELECT head FROM store');
  db.close();
  print({
    name: 'history: roll-ups',
    bytesPerFlow: Math.round((100 * bytes) / stored) / 100,
    percentOfStore: Math.round((1_000 * bytes) / statSync(file).size) / 10,
  });
}

const QUESTIONS: Readonly<Record<string, string>> = {
  'last 100 drops of a workload': `flows?limit=100&t=${DAY}&q=verdict:dropped wl:${DENIED.to}`,
  'drops from A to B in 24 h': `flows?limit=1000&t=${DAY}&q=verdict:dropped from.wl:${DENIED.from} to.wl:${DENIED.to}`,
  'hits by policy and minute, 24 h': `policies?buckets=1440&t=${DAY}`,
  'one outside address': `flows?limit=1000&t=${DAY}&q=ip:${OUTSIDE_IP}`,
  'top 50 of source and destination workload': `summary?by=from.wl,to.wl&top=50&t=${DAY}`,
  'completion of a pod name, from the last 15 minutes': 'summary?by=pod&top=200&t=now-15m..now&q=',
  'newest 200': 'flows?limit=200&t=all',
};

/** Asks for all of it part by part, and answers with how long each part took. */
async function search(url: string, parts: number): Promise<readonly number[]> {
  const took: number[] = [];
  let after: number | null = null;
  do {
    const begun = performance.now();
    const query = new URLSearchParams({ q: NEEDLE, t: 'all', work: String(PART_MS) });
    if (after !== null) query.set('after', String(after));
    const page = (await (
      await fetch(`${url}api/v1/flows?${query.toString()}`)
    ).json()) as FlowsResponse;
    if (page.flows.length > 0) throw new Error('found what is not there');
    took.push(performance.now() - begun);
    after = page.next;
  } while (after !== null && took.length < parts);
  return took;
}

/** Gives up one question that would take long, and waits until no process works on it any more. */
async function giveUp(url: string): Promise<number> {
  const busy = async (): Promise<number> => {
    const text = await (await fetch(`${url}metrics`)).text();
    return Number(/^dropwise_reader_busy_processes (\d+)/m.exec(text)?.[1] ?? NaN);
  };
  const client = new AbortController();
  const query = new URLSearchParams({ q: NEEDLE, t: 'all' });
  const answer = fetch(`${url}api/v1/flows?${query.toString()}`, { signal: client.signal });
  answer.catch(() => undefined);
  while (!((await busy()) > 0)) await pause(5);
  await pause(300);
  const begun = performance.now();
  client.abort();
  while ((await busy()) > 0) await pause(1);
  return performance.now() - begun;
}

async function ask(url: string): Promise<void> {
  for (const [name, path] of Object.entries(QUESTIONS)) {
    const took: number[] = [];
    let unanswered = 0;
    for (let round = 0; round <= ROUNDS; round += 1) {
      const begun = performance.now();
      const response = await fetch(`${url}api/v1/${path}`);
      const bytes = (await response.arrayBuffer()).byteLength;
      if (!response.ok && response.status !== 503) throw new Error(`${name}: ${response.status}`);
      if (response.ok && bytes < 100) throw new Error(`${name}: nothing was found`);
      if (!response.ok) unanswered += 1;
      else if (round > 0) took.push(performance.now() - begun);
      if (unanswered === 3) break;
    }
    const p95 = took.toSorted((a, b) => a - b)[Math.floor(ROUNDS * 0.95)] ?? 0;
    print({
      name: `history: ${name}`,
      unit: 'ms',
      ...spread(took),
      p95: Math.round(p95),
      unanswered,
    });
  }
  const parts = await search(url, Infinity);
  const total = parts.reduce((sum, ms) => sum + ms, 0);
  print({
    name: `history: search through everything in parts of ${PART_MS} ms`,
    unit: 'ms',
    parts: parts.length,
    seconds: Math.round(total / 100) / 10,
    ...spread(parts),
  });
  const givenUp: number[] = [];
  for (let round = 0; round < 5; round += 1) givenUp.push(await giveUp(url));
  print({
    name: 'history: search given up until its process is gone',
    unit: 'ms',
    ...spread(givenUp),
  });
}

await using temporary = await temporaryDirectory();
const data = process.argv[4] ?? join(temporary.path, 'data');
await mkdir(data, { recursive: true });
if (!existsSync(join(data, 'dropwise.sqlite'))) await load(data);

using ca = createTestCa();
const pem = (path: string): string => readFileSync(path, 'utf8');
const served = ca.issue('instance.hubble-relay.cilium.io');
const client = ca.issue('ui.hubble-relay.cilium.io');
const options: BlastOptions = {
  count: perSecond * 3_600,
  perSecond,
  endpoints: 2_000,
  fresh: true,
  tls: { key: pem(served.key), cert: pem(served.cert), ca: pem(ca.ca) },
};
const relay = fork(new URL('../support/blast-relay.ts', import.meta.url), [
  JSON.stringify(options),
]);
const [{ address }] = (await once(relay, 'message')) as [{ address: string }];
try {
  const config = join(temporary.path, 'dropwise.json');
  const tls = { ca: ca.ca, ...client, serverName: 'instance.hubble-relay.cilium.io' };
  const source = { kind: 'hubble-relay', name: 'relay', address, tls };
  await writeFile(config, JSON.stringify({ sources: [source] }));
  await using server = await serveDropwise([
    ...['serve', '--config', config, '--port', '0', '--data', data, '--keep', '3650d'],
  ]);
  const stored = async (): Promise<number> => {
    const answer = (await (await fetch(`${server.url}api/v1/sources`)).json()) as SourcesResponse;
    return answer.sources[0]?.stored ?? 0;
  };
  await pause(WARM_UP_MS);
  print({ name: 'control', controlMs: Math.round(controlMs()) });
  const [before, begun] = [await stored(), performance.now()];
  await ask(server.url);
  const more = (await stored()) - before;
  const seconds = (performance.now() - begun) / 1_000;
  print({ name: 'history: stored meanwhile', flowsPerSecond: Math.round(more / seconds) });
  printRollups(data);
} finally {
  relay.disconnect();
}
