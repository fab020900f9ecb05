import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultDataDirectory, type Settings } from './config.ts';
import { AppError } from './core/errors.ts';
import type { SourceSetting } from './core/source-setting.ts';
import { NANOS_PER_MILLI } from './core/time.ts';
import { openDemoCluster, type DemoCluster } from './demo/demo-cluster.ts';
import { demoInventory } from './demo/demo-inventory.ts';
import { createHttpServer } from './http/server.ts';
import { inventorySources } from './inventory/registry.ts';
import { systemClock, type Clock } from './lib/clock.ts';
import type { Logger } from './lib/log.ts';
import { createLiveHub } from './live/hub.ts';
import { claimDirectory, holdsRealFlows } from './operations/demo-mark.ts';
import type { ObserverSettings } from './observer/listen.ts';
import { openObserver } from './observer/server.ts';
import { keepAttribution } from './operations/attribution/keep-attribution.ts';
import { keepInventory } from './operations/keep-inventory.ts';
import { nameSources } from './operations/name-sources.ts';
import { openAnalysisPool } from './processes/analysis-pool.ts';
import { startIngestThread } from './processes/ingest-thread.ts';
import { openReaderPool } from './processes/reader-pool.ts';
import { openControl } from './store/control/open-control.ts';
import { VERSION } from './version.ts';

export type RunningServer = AsyncDisposable & {
  /** Where the page is, with the port that was bound. */
  readonly url: string;
  /** Where the Observer API is, as `host:port`; `undefined` where it is off. */
  readonly observer: string | undefined;
  readonly demo: boolean;
  readonly dataDirectory: string;
  /** Rejects when the server cannot go on; then it is to be disposed. */
  readonly failed: Promise<never>;
};

const LOOPBACK = new Set(['127.0.0.1', 'localhost', '::1']);
/** Enough for all of the past that the demo tells of. */
const DEMO_BACKLOG = 1_000_000;
/**
 * Flows a second two hours before the start, and the most that they grow to until then. With these the whole past
 * is in after about ten seconds, and where it meets the present there is no step to be seen.
 */
const DEMO_PAST_RATE = 5;
const DEMO_PAST_RISES_TO = 40;
const PAGE = new URL('../web/dist/', import.meta.url).pathname;

export type StartOptions = {
  readonly log: Logger;
  readonly clock?: Clock;
  /** Run the demo whatever is configured. */
  readonly forceDemo?: boolean;
};

/**
 * Builds everything, and stops everything in the reverse order. Where there is neither a source nor a store
 * with flows it runs the demo. Throws an AppError `bad-setting` for what a setting makes impossible.
 */
export async function startServer(
  settings: Settings,
  { log, clock = systemClock(), forceDemo = false }: StartOptions,
): Promise<RunningServer> {
  refuseOpenAddress(settings.host);
  const demo = forceDemo || nothingToServe(settings);
  await using parts = new AsyncDisposableStack();
  const dataDirectory = await chooseDirectory({ settings, demo, parts });
  claimDirectory(dataDirectory, { demo });
  const hub = createLiveHub({ nowMs: () => Number(clock.now() / NANOS_PER_MILLI) });
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => undefined);
  const cluster = demo ? parts.use(await openDemo(settings, dataDirectory)) : undefined;
  const writer = parts.use(
    await startIngestThread({
      directory: dataDirectory,
      sources: nameSources(
        cluster === undefined ? settings.sources : demoSources(cluster),
        settings,
      ),
      keep: {
        flowsMs: settings.keep,
        dropsMs: settings.keepDrops,
        countsMs: settings.keepCounts,
        maxBytes: settings.maxSize,
      },
      minFreeBytes: settings.minFree,
      logLevel: settings.logLevel,
      publish: hub.publish,
      onfailure: failure.reject,
    }),
  );
  const reader = parts.use(openReaderPool({ directory: dataDirectory, log }));
  const control = parts.use(openControl({ directory: dataDirectory, log }));
  const inventory = parts.use(
    await keepInventory({
      sources:
        cluster === undefined
          ? inventorySources(settings.inventory, { clock })
          : demoInventory({ timeline: cluster.timeline, clock }),
      history: control.objects,
      keep: {
        versionsMs: Math.max(settings.keepCounts, settings.keepPods),
        podsMs: settings.keepPods,
      },
      clock,
      log,
      onfailure: failure.reject,
    }),
  );
  const analysis = parts.use(
    openAnalysisPool({ directory: dataDirectory, tellNow: inventory.tellNow, log }),
  );
  const attribution = parts.use(
    keepAttribution({
      weigh: (question, signal) => analysis.analyses.attribute(question, { signal }),
      hits: control.evaluated,
      head: () => writer.storeStatus().head,
      ...{ keepMs: settings.keepCounts, clock, log },
    }),
  );
  const services = {
    reader,
    readLoad: reader.load,
    analyses: analysis.analyses,
    analysisLoad: analysis.load,
    writer,
    hub,
    control,
    attribution,
    inventory,
    clock,
    log,
    version: VERSION,
    demo,
  };
  const http = parts.use(
    createHttpServer({ services, pageDirectory: existsSync(PAGE) ? PAGE : undefined }),
  );
  await listen(http.server, settings);
  const observer =
    settings.observer === ''
      ? undefined
      : parts.use(await openObserver(observerSettings(settings), services));
  const { port } = http.server.address() as AddressInfo;
  const running = parts.move();
  return {
    failed: failure.promise,
    url: `http://${settings.host === '::1' ? '[::1]' : settings.host}:${port}/`,
    observer: observer?.address,
    demo,
    dataDirectory,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

const observerSettings = (settings: Settings): ObserverSettings => ({
  address: settings.observer,
  cert: settings.observerTlsCert,
  key: settings.observerTlsKey,
  clientCa: settings.observerTlsClientCa,
});

/** An imported capture is looked at without any source. */
function nothingToServe({ sources, inventory, data }: Settings): boolean {
  return sources.length + inventory.length === 0 && (data === undefined || !holdsRealFlows(data));
}

async function listen(http: Server, { host, port }: Settings): Promise<void> {
  http.listen(port, host);
  try {
    await once(http, 'listening');
  } catch (cause) {
    const why =
      cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE'
        ? 'is in use; stop what uses it, or choose another with --port (0 picks a free one)'
        : `cannot be listened on at '${host}': ${String(cause)}`;
    throw new AppError('bad-setting', `port: ${port} ${why}`, { cause });
  }
}

function refuseOpenAddress(host: string): void {
  if (LOOPBACK.has(host)) return;
  throw new AppError(
    'bad-setting',
    `host: '${host}' is not a loopback address. This version has no sign-in, so it listens on loopback only: ` +
      "leave --host out, and reach it through 'ssh -L' or 'kubectl port-forward'.",
  );
}

async function chooseDirectory({
  settings,
  demo,
  parts,
}: {
  readonly settings: Settings;
  readonly demo: boolean;
  readonly parts: AsyncDisposableStack;
}): Promise<string> {
  if (settings.data !== undefined) return settings.data;
  if (!demo) return defaultDataDirectory();
  const directory = await mkdtemp(join(tmpdir(), 'dropwise-demo-'));
  parts.defer(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

function openDemo(
  settings: Settings,
  dataDirectory: string,
): Promise<DemoCluster & AsyncDisposable> {
  return openDemoCluster({
    seed: settings.demoSeed,
    flowsPerSecond: settings.demoRate,
    backfillFlowsPerSecond: DEMO_PAST_RATE,
    backfillRisesTo: Math.min(DEMO_PAST_RISES_TO, Math.max(DEMO_PAST_RATE, settings.demoRate)),
    calicoDirectory: join(dataDirectory, 'calico'),
  });
}

function demoSources(cluster: DemoCluster): readonly SourceSetting[] {
  const { goldmane } = cluster;
  return [
    {
      kind: 'hubble-relay',
      name: 'demo-east',
      address: cluster.relayAddress,
      backlog: DEMO_BACKLOG,
    },
    { kind: 'calico-file', name: 'demo-west', path: cluster.calicoFile, node: 'demo-west/node-1' },
    {
      kind: 'goldmane',
      name: 'demo-west-dev',
      address: goldmane.address,
      tls: {
        ca: goldmane.certificates.ca,
        ...goldmane.certificates.client,
        serverName: goldmane.serverName,
      },
    },
  ];
}
