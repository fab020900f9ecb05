import type { FlowBatch, Gap } from '../../server/core/flow.ts';
import { systemClock } from '../../server/lib/clock.ts';
import type { SourceReport } from '../../server/sources/flow-source.ts';
import { hubbleRelay } from '../../server/sources/hubble-relay.ts';
import type { HubbleRelayOptions } from '../../server/sources/relay-options.ts';
import { openSqliteStore } from '../../server/store/sqlite/sqlite-store.ts';
import type { FlowStore } from '../../server/store/flow-store.ts';
import { ALL_TIME } from './flow-stores.ts';
import { reconcile, type Reckoning } from './reconcile.ts';
import type { RingRelay } from './ring-relay.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** A relay source that is read into a real store, and opened again whenever it fails. */
export type StoredRelay = AsyncDisposable & {
  readonly store: FlowStore;
  readonly reports: readonly SourceReport[];
  /** Why it was opened again, each time. */
  readonly failures: readonly string[];
  /** Waits before each commit until this resolves. */
  hold(gate: Promise<void>): void;
  readonly gaps: () => Promise<readonly Gap[]>;
  /** The standing invariant: what is stored against what was told and what is recorded as lost. */
  readonly reckon: () => Promise<Reckoning>;
};

const RETRY_MS = 30;

export async function storeRelay(
  relay: Pick<RingRelay, 'address' | 'told'>,
  options: Partial<HubbleRelayOptions> = {},
): Promise<StoredRelay> {
  await using parts = new AsyncDisposableStack();
  const directory = parts.use(await temporaryDirectory());
  const store = parts.use(await openSqliteStore({ directory: directory.path }));
  const reports: SourceReport[] = [];
  const failures: string[] = [];
  const stop = new AbortController();
  let gate: Promise<void> = Promise.resolve();
  const stopped = new Promise<void>((resolve) =>
    stop.signal.addEventListener('abort', () => resolve()),
  );
  const source = hubbleRelay({
    name: 'relay',
    address: relay.address,
    clock: systemClock(),
    report: (report) => void reports.push(report),
    ...options,
  });
  const append = async (batch: FlowBatch): Promise<void> => {
    await Promise.race([gate, stopped]);
    await store.append(batch);
  };
  const run = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      try {
        const after = await store.loadCheckpoint(source.name);
        for await (const batch of source.read(after, stop.signal)) await append(batch);
      } catch (error) {
        failures.push(String(error));
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  };
  const running = run();
  parts.defer(() => running);
  parts.defer(() => stop.abort());
  const gaps = (): Promise<readonly Gap[]> => store.gaps(ALL_TIME);
  const held = parts.move();
  return {
    store,
    reports,
    failures,
    hold: (until) => {
      gate = until;
    },
    gaps,
    reckon: async () => {
      const stored = await allIds(store);
      return reconcile({ told: relay.told, stored, gaps: await gaps() });
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

async function allIds(store: FlowStore): Promise<readonly string[]> {
  const ids: string[] = [];
  let after: number | undefined = 0;
  while (after !== undefined) {
    const page = await store.page(
      { where: undefined },
      { limit: 5_000, order: 'oldest', ...(after === 0 ? {} : { after }) },
    );
    for (const { id } of page.flows) ids.push(id);
    after = page.next;
  }
  return ids;
}
