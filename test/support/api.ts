import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocket } from 'ws';
import type { LiveFrame, LiveRequest } from '../../server/http/live-contract.ts';
import type { InventorySource } from '../../server/core/inventory.ts';
import { createHttpServer } from '../../server/http/server.ts';
import type { Services } from '../../server/http/services.ts';
import { systemClock } from '../../server/lib/clock.ts';
import { createLogger } from '../../server/lib/log.ts';
import { createLiveHub } from '../../server/live/hub.ts';
import { createAttribution } from '../../server/operations/attribution/keep-attribution.ts';
import { keepInventory } from '../../server/operations/keep-inventory.ts';
import { openAnalysisPool } from '../../server/processes/analysis-pool.ts';
import type { FlowReader, FlowStore } from '../../server/store/flow-store.ts';
import { openControl } from '../../server/store/control/open-control.ts';
import { openSqliteStore } from '../../server/store/sqlite/sqlite-store.ts';
import { temporaryDirectory } from './temporary-directory.ts';

export type TestApi = AsyncDisposable & {
  readonly services: Services;
  readonly store: FlowStore;
  readonly url: string;
  /** Evaluates the hits of all flows that were stored by now. */
  evaluate(): Promise<void>;
  get(path: string, headers?: Record<string, string>): Promise<Response>;
};

const PAGE = new URL('../../web/dist', import.meta.url).pathname;

const NO_READS: ReturnType<Services['readLoad']> = {
  processes: 0,
  busy: 0,
  waiting: 0,
  ended: { answered: 0, failed: 0, timedOut: 0, givenUp: 0, refused: 0 },
};

/** The real HTTP server over a real store in a temporary directory, with no sources. `reader` may change what it reads; `page` serves the built page too. */
export async function openApi({
  reader = (store) => store,
  page = false,
  inventorySources = [],
}: {
  readonly reader?: (store: FlowStore) => FlowReader;
  readonly page?: boolean;
  readonly inventorySources?: readonly InventorySource[];
} = {}): Promise<TestApi> {
  await using parts = new AsyncDisposableStack();
  const directory = parts.use(await temporaryDirectory());
  const store = parts.use(await openSqliteStore({ directory: directory.path }));
  const log = createLogger('error');
  const control = parts.use(openControl({ directory: directory.path, log }));
  const inventory = parts.use(
    await keepInventory({
      sources: inventorySources,
      history: control.objects,
      keep: { versionsMs: 1e12, podsMs: 1e12 },
      clock: systemClock(),
      log,
      onfailure: (error) => {
        throw error;
      },
    }),
  );
  const { analyses, load } = parts.use(
    openAnalysisPool({ directory: directory.path, tellNow: inventory.tellNow, log }),
  );
  const attribution = createAttribution({
    weigh: (question, signal) => analyses.attribute(question, { signal }),
    ...{ hits: control.evaluated, head: store.head, keepMs: 1e12, clock: systemClock(), log },
  });
  const services: Services = {
    reader: reader(store),
    readLoad: () => NO_READS,
    analyses,
    analysisLoad: load,
    writer: {
      statuses: () => [],
      storeStatus: store.status,
      storePause: () => undefined,
      checkWritable: store.checkWritable,
      size: store.size,
    },
    hub: createLiveHub({ nowMs: Date.now }),
    control,
    attribution,
    inventory,
    clock: systemClock(),
    log,
    version: '0.0.0-test',
    demo: false,
  };
  const { server } = parts.use(
    createHttpServer({ services, pageDirectory: page ? PAGE : undefined }),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const running = parts.move();
  return {
    services,
    store,
    url,
    evaluate: () => attribution.step(new AbortController().signal),
    get: (path, headers = {}) => fetch(url + path, { headers }),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

export type LiveClient = Disposable & {
  readonly frames: readonly LiveFrame[];
  of<Kind extends LiveFrame['kind']>(kind: Kind): readonly Extract<LiveFrame, { kind: Kind }>[];
  send(request: LiveRequest): void;
};

/** A viewer that keeps every frame, and acknowledges rows, unless told not to. */
export async function openLive(
  url: string,
  {
    q = '',
    acknowledge = true,
    keep = true,
  }: { readonly q?: string; readonly acknowledge?: boolean; readonly keep?: boolean } = {},
): Promise<LiveClient> {
  const socket = new WebSocket(
    `${url.replace('http', 'ws')}/api/v1/live?q=${encodeURIComponent(q)}`,
  );
  const frames: LiveFrame[] = [];
  const send = (request: LiveRequest): void => socket.send(JSON.stringify(request));
  socket.on('message', (data: Buffer) => {
    const frame = JSON.parse(data.toString('utf8')) as LiveFrame;
    if (keep) frames.push(frame);
    if (acknowledge && frame.kind === 'flows') send({ kind: 'ack', batch: frame.batch });
  });
  await once(socket, 'open');
  return {
    frames,
    of: <Kind extends LiveFrame['kind']>(kind: Kind) =>
      frames.filter((frame): frame is Extract<LiveFrame, { kind: Kind }> => frame.kind === kind),
    send,
    [Symbol.dispose]: () => socket.terminate(),
  };
}
