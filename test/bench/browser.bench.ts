/**
 * What a person at the Live screen has of a whole server under load, on one machine with the sender and the browser:
 * `node test/bench/browser.bench.ts [flows a second, or several with commas] [profile]`. Flows come over mTLS, each
 * second brings new drop groups, and somebody clicks, scrolls and types. `profile` is the path of a CPU profile of
 * the page to write.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, CDPSession, Page } from 'playwright-core';
import type { SourcesResponse } from '../../server/http/contract.ts';
import type { LiveFrame } from '../../server/http/live-contract.ts';
import type { BlastOptions } from '../support/blast-relay.ts';
import { openBrowser } from '../support/browser.ts';
import { serveDropwise } from '../support/dropwise.ts';
import { controlMs, print } from '../support/measure.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { createTestCa } from '../support/tls.ts';
import { useLivePage } from '../support/use-live-page.ts';
import { watchPage, type Watched, type WatchedGlobal } from '../support/watch-page.ts';
import '../../web/build-if-stale.ts';

const [rates = '50000', profilePath] = process.argv.slice(2);
const WARM_UP_MS = 4_000;
/** First nobody touches the page, then somebody uses it. */
const QUIET_MS = 10_000;
const USED_MS = 15_000;
const ENDPOINTS = 2_000;
const NEW_DROP_EVERY_MS = 500;
/** A drop that is not on the page so long after it was sent counts as never seen. */
const GIVE_UP_MS = 5_000;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const pem = (path: string): string => readFileSync(path, 'utf8');

function quantiles(values: readonly number[]): Readonly<Record<string, number>> {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    Math.round(10 * (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0)) /
    10;
  return { count: sorted.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
}

type SentDrop = { readonly port: number; readonly sentAt: number };

/** A relay in a process of its own, and what it tells of new drops. */
async function startRelay(perSecond: number, tls: NonNullable<BlastOptions['tls']>) {
  const options: BlastOptions = {
    count: perSecond * 600,
    perSecond,
    endpoints: ENDPOINTS,
    fresh: true,
    newDropEveryMs: NEW_DROP_EVERY_MS,
    tls,
  };
  const relay = fork(new URL('../support/blast-relay.ts', import.meta.url), [
    JSON.stringify(options),
  ]);
  const [{ address }] = (await once(relay, 'message')) as [{ address: string }];
  const drops: SentDrop[] = [];
  relay.on('message', (drop: SentDrop) => drops.push(drop));
  return { address, drops, [Symbol.dispose]: () => relay.disconnect() };
}

const readWatched = (page: Page): Promise<Watched> =>
  page.evaluate(() => (globalThis as unknown as WatchedGlobal).watched);
const countFrames = (page: Page): Promise<number> =>
  page.evaluate(() => (globalThis as unknown as WatchedGlobal).watched.frames.length);
const setWatching = (page: Page, on: boolean): Promise<void> =>
  page.evaluate((now) => void ((globalThis as unknown as WatchedGlobal).watched.on = now), on);

/** CPU of the page's main thread so far, in seconds, by what it was used for. */
async function threadSeconds(session: CDPSession): Promise<ReadonlyMap<string, number>> {
  const { metrics } = await session.send('Performance.getMetrics');
  return new Map(metrics.map(({ name, value }) => [name, value]));
}

/** What the page was told. */
function readFrames({ frameTexts }: Watched) {
  /** From the receipt of a flow to its message in the page. */
  const toPage: number[] = [];
  /** When the page was first told of a group of drops to this port. */
  const groupAt = new Map<number, number>();
  let bytes = 0;
  for (const { at, text } of frameTexts) {
    bytes += text.length;
    const frame = JSON.parse(text) as LiveFrame;
    if (frame.kind === 'flows') {
      toPage.push(...frame.flows.map(({ receivedAt }) => at - Date.parse(receivedAt)));
    }
    for (const { latest } of frame.kind === 'groups' ? frame.groups : []) {
      const { port } = latest.destination;
      if (!groupAt.has(port)) groupAt.set(port, at);
    }
  }
  return { toPage, groupAt, bytes };
}

async function watch(browser: Browser, url: string, perSecond: number, drops: readonly SentDrop[]) {
  const page = await browser.newPage({ viewport: { width: 1_440, height: 900 } });
  await page.addInitScript(watchPage);
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  await page.goto(`${url}live`);
  await pause(WARM_UP_MS);
  const stored = async (): Promise<number> => {
    const answer = (await (await fetch(`${url}api/v1/sources`)).json()) as SourcesResponse;
    return answer.sources[0]?.stored ?? 0;
  };
  const storedBefore = await stored();
  const busyBefore = await threadSeconds(session);
  if (profilePath !== undefined) {
    await session.send('Profiler.enable');
    await session.send('Profiler.start');
  }
  const from = Date.now();
  await setWatching(page, true);
  await pause(QUIET_MS);
  const quietFrames = await countFrames(page);
  const answers = await useLivePage(page, USED_MS);
  const allFrames = await countFrames(page);
  const to = Date.now();
  if (profilePath !== undefined) {
    const { profile } = await session.send('Profiler.stop');
    await writeFile(profilePath, JSON.stringify(profile));
  }
  const busy = await threadSeconds(session);
  const storedMore = (await stored()) - storedBefore;
  const due = drops.filter(({ sentAt }) => sentAt >= from && sentAt < to);
  await pause(GIVE_UP_MS);
  await setWatching(page, false);
  const watched = await readWatched(page);
  await page.close();
  const { toPage, groupAt, bytes } = readFrames(watched);

  const seconds = (to - from) / 1_000;
  const name = (what: string): string => `page at ${perSecond} flows/s offered: ${what}`;
  const share = (metric: string): number =>
    Math.round((1_000 * ((busy.get(metric) ?? 0) - (busyBefore.get(metric) ?? 0))) / seconds);
  print({
    name: name('load'),
    seconds: Math.round(seconds),
    storedPerSecond: Math.round(storedMore / seconds),
    mainThreadMsPerSecond: share('TaskDuration'),
    scriptMsPerSecond: share('ScriptDuration'),
    styleAndLayoutMsPerSecond: share('RecalcStyleDuration') + share('LayoutDuration'),
    messageBytesPerSecond: Math.round(bytes / seconds),
  });
  const { frames } = watched;
  for (const [when, between] of [
    ['nobody at it', frames.slice(0, quietFrames)],
    ['in use', frames.slice(quietFrames, allFrames)],
    ['both', frames.slice(0, allFrames)],
  ] as const) {
    print({ name: name(`between frames, ${when}`), unit: 'ms', ...quantiles(between) });
  }
  print({ name: name('long animation frames'), unit: 'ms', ...quantiles(watched.longFrames) });
  for (const kind of ['click', 'key', 'wheel'] as const) {
    const took = watched.inputs.filter((input) => input.kind === kind).map(({ tookMs }) => tookMs);
    print({ name: name(`${kind} to next paint`), unit: 'ms', ...quantiles(took) });
  }
  for (const [what, took] of Object.entries(answers)) {
    print({ name: name(what), unit: 'ms', ...quantiles(took) });
  }
  print({ name: name('receipt to message'), unit: 'ms', ...quantiles(toPage) });
  const told = due.filter(({ port }) => groupAt.has(port));
  const drawn = told.filter(({ port }) => (watched.drawnAt[port] ?? 0) > 0);
  const toldIn = told.map(({ port, sentAt }) => (groupAt.get(port) ?? 0) - sentAt);
  const drawnIn = drawn.map(({ port, sentAt }) => (watched.drawnAt[port] ?? 0) - sentAt);
  print({
    name: name('new drop sent to its group in the page'),
    unit: 'ms',
    ...quantiles(toldIn),
    // Those that the store told, in its answer to a new query.
    notByStream: due.length - told.length,
  });
  print({
    name: name('new drop sent to its group drawn'),
    unit: 'ms',
    ...quantiles(drawnIn),
    // In the list, below rows that are newer still: the query changed, or many groups came at once.
    outOfSight: told.length - drawn.length,
  });
}

using ca = createTestCa();
const served = ca.issue('instance.hubble-relay.cilium.io');
const client = ca.issue('ui.hubble-relay.cilium.io');
const tls = { key: pem(served.key), cert: pem(served.cert), ca: pem(ca.ca) };
const browser = await openBrowser();
try {
  for (const perSecond of rates.split(',').map(Number)) {
    print({ name: 'control', controlMs: Math.round(controlMs()) });
    using relay = await startRelay(perSecond, tls);
    await using directory = await temporaryDirectory();
    const config = join(directory.path, 'dropwise.json');
    const trust = { ca: ca.ca, ...client, serverName: 'instance.hubble-relay.cilium.io' };
    const source = { kind: 'hubble-relay', name: 'relay', address: relay.address, tls: trust };
    await writeFile(config, JSON.stringify({ sources: [source] }));
    await using server = await serveDropwise([
      ...['serve', '--config', config, '--port', '0'],
      ...['--data', join(directory.path, 'data')],
    ]);
    await watch(browser, server.url, perSecond, relay.drops);
  }
} finally {
  await browser.close();
}
