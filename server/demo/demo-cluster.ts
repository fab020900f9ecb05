import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock, type Clock } from '../lib/clock.ts';
import { createCalicoLog } from './calico-lines.ts';
import { openCalicoWriter } from './calico-writer.ts';
import { writeDemoCertificates, type DemoCertificates } from './goldmane-certificates.ts';
import { goldmaneFlows } from './goldmane-flows.ts';
import { openGoldmaneServer } from './goldmane-server.ts';
import { openObserverServer, type ObserverTls } from './observer-server.ts';
import { createTimeline, type Timeline } from './timeline.ts';

export type DemoClusterOptions = {
  /** The same seed makes the same pods, addresses and traffic. */
  readonly seed: number;
  /** Hubble flows a second, on average. Default 300. */
  readonly flowsPerSecond?: number;
  /** Where `flows.log` of the second cluster is written; made when absent, and the demo's alone. */
  readonly calicoDirectory: string;
  /** Simulated past before the start. Default 120. */
  readonly backfillMinutes?: number;
  /** Hubble flows a second in that past, on average. Default 10. */
  readonly backfillFlowsPerSecond?: number;
  /** What these have grown to at the start. Default: they do not grow. */
  readonly backfillRisesTo?: number;
  /** Of the Observer server. Default 0, a free one. */
  readonly port?: number;
  readonly clock?: Clock;
  /** Default: plain text. */
  readonly tls?: ObserverTls;
  /** Nodes of `demo-east`. Default 4. */
  readonly nodes?: number;
  /** `story` (default): incidents come and go in a loop of four minutes. `quiet`: none. */
  readonly scenario?: 'story' | 'quiet';
  /** Events of a node that a slow reader may lie behind before it loses some. Default 65535. */
  readonly ringCapacity?: number;
  /** Seconds between bursts of the flow log. Default 10. */
  readonly calicoFlushSeconds?: number;
  /** Size after which the flow log is renamed. Default 5 MiB: after two minutes, then about every twelve. */
  readonly calicoMaxBytes?: number;
};

export type DemoCluster = {
  /** `127.0.0.1:<port>` of the simulated Hubble relay. */
  readonly relayAddress: string;
  /** The live Calico flow log. */
  readonly calicoFile: string;
  /** The Goldmane of the second cluster, which tells of its nodes for developers, and how to be let in. */
  readonly goldmane: {
    readonly address: string;
    readonly serverName: string;
    readonly certificates: DemoCertificates;
  };
  /** What happens in the first cluster, for tests that compare. */
  readonly timeline: Timeline;
  /** Rejects when the flow log cannot be written any more. */
  readonly done: Promise<void>;
};

/** As in a cluster, where nobody reaches Goldmane under the name of the address. */
const GOLDMANE_NAME = 'goldmane.calico-system.svc';

/** Starts the two simulated clusters. They speak the real protocols, so the server reads them as any other. */
export async function openDemoCluster(
  options: DemoClusterOptions,
): Promise<DemoCluster & AsyncDisposable> {
  const clock = options.clock ?? systemClock();
  const startSecond = Number(clock.now() / 1_000_000_000n);
  const pastSeconds = (options.backfillMinutes ?? 120) * 60;
  const timeline = createTimeline({
    seed: options.seed,
    flowsPerSecond: options.flowsPerSecond ?? 300,
    pastFlowsPerSecond: options.backfillFlowsPerSecond ?? 10,
    ...(options.backfillRisesTo === undefined ? {} : { pastRisesTo: options.backfillRisesTo }),
    startSecond,
    nodeCount: options.nodes ?? 4,
    scenario: options.scenario ?? 'story',
  });
  await using opened = new AsyncDisposableStack();
  const relay = opened.use(
    await openObserverServer({
      timeline,
      clock,
      // The rings of a demo that has run for days hold no more than its first past.
      oldestSecond: () => Math.max(startSecond, Number(clock.now() / 1_000_000_000n)) - pastSeconds,
      ringCapacity: options.ringCapacity ?? 65_535,
      port: options.port ?? 0,
      ...(options.tls === undefined ? {} : { tls: options.tls }),
    }),
  );
  const log = createCalicoLog(options.seed);
  const directory = await mkdtemp(join(tmpdir(), 'dropwise-demo-tls-'));
  opened.defer(() => rm(directory, { recursive: true, force: true }));
  const certificates = await writeDemoCertificates(directory, {
    serverName: GOLDMANE_NAME,
    nowMs: startSecond * 1_000,
  });
  const goldmane = opened.use(
    await openGoldmaneServer({
      flowsOf: (bucket) => goldmaneFlows(log.cluster, options.seed, bucket),
      clock,
      certificates,
    }),
  );
  const writer = opened.use(
    await openCalicoWriter({
      log,
      directory: options.calicoDirectory,
      clock,
      pastSeconds,
      flushSeconds: options.calicoFlushSeconds ?? 10,
      maxBytes: options.calicoMaxBytes ?? 5 * 1024 * 1024,
      maxBackups: 3,
    }),
  );
  const stack = opened.move();
  return {
    relayAddress: relay.address,
    calicoFile: writer.file,
    goldmane: { address: goldmane.address, serverName: GOLDMANE_NAME, certificates },
    timeline,
    done: writer.done,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
