import { createLiveHub } from '../../server/live/hub.ts';
import { systemClock, type Clock } from '../../server/lib/clock.ts';
import { createLogger } from '../../server/lib/log.ts';
import type { LiveHub } from '../../server/live/live-hub.ts';
import type { ObserverSettings } from '../../server/observer/listen.ts';
import { openObserver } from '../../server/observer/server.ts';
import type { FlowReader, FlowStore } from '../../server/store/flow-store.ts';
import { openSqliteStore } from '../../server/store/sqlite/sqlite-store.ts';
import { openClient, type ObserverClient } from './observer-client.ts';
import { temporaryDirectory } from './temporary-directory.ts';

export type TestObserver = AsyncDisposable & {
  readonly address: string;
  readonly store: FlowStore;
  readonly hub: LiveHub;
  readonly client: ObserverClient;
};

export type TestObserverOptions = {
  readonly settings?: Partial<ObserverSettings>;
  readonly clock?: Clock;
  /** May change what is read, or watch it. */
  readonly reader?: (store: FlowStore) => FlowReader;
};

/** The real Observer server over a real store in a temporary directory, with no sources, and a plain client. */
export async function openTestObserver({
  settings = {},
  clock = systemClock(),
  reader = (store) => store,
}: TestObserverOptions = {}): Promise<TestObserver> {
  await using parts = new AsyncDisposableStack();
  const directory = parts.use(await temporaryDirectory());
  const store = parts.use(await openSqliteStore({ directory: directory.path }));
  const hub = createLiveHub({ nowMs: Date.now });
  const server = parts.use(
    await openObserver(
      { address: '127.0.0.1:0', cert: '', key: '', clientCa: '', ...settings },
      {
        reader: reader(store),
        writer: { statuses: () => [], storeStatus: store.status },
        hub,
        clock,
        log: createLogger('error'),
        version: '0.0.0-test',
      },
    ),
  );
  const client = parts.use(openClient(server.address));
  const running = parts.move();
  return {
    address: server.address,
    store,
    hub,
    client,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
