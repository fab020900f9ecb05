import { systemClock } from '../../server/lib/clock.ts';
import { createLogger } from '../../server/lib/log.ts';
import { createIngest, type Ingest, type SourceStatus } from '../../server/operations/ingest.ts';
import type { FlowSource, ReportSource } from '../../server/sources/flow-source.ts';
import type { FlowStore, PolicyHitRow } from '../../server/store/flow-store.ts';
import { openSqliteStore } from '../../server/store/sqlite/sqlite-store.ts';
import { ALL_TIME } from './flow-stores.ts';

/** One source that the real supervisor reads into a real store. */
export type StoredSource = AsyncDisposable & {
  readonly store: FlowStore;
  readonly ingest: Ingest;
  readonly status: () => SourceStatus;
  readonly stored: () => Promise<number>;
  /** Each rule that was hit, as `name direction rule: allowed/denied/passed/staged`, sorted. */
  readonly hits: () => Promise<readonly string[]>;
};

export async function storeSource(
  directory: string,
  create: (report: ReportSource) => FlowSource,
): Promise<StoredSource> {
  await using parts = new AsyncDisposableStack();
  const store = parts.use(await openSqliteStore({ directory }));
  const ingest = parts.use(
    createIngest({
      store,
      publish: () => undefined,
      clock: systemClock(),
      log: createLogger('silent'),
    }),
  );
  ingest.add(create);
  const held = parts.move();
  return {
    store,
    ingest,
    status: () => {
      const [status] = ingest.statuses();
      if (status === undefined) throw new Error('no source runs');
      return status;
    },
    stored: async () => (await store.origins()).reduce((sum, { flows }) => sum + flows, 0),
    hits: async () => {
      const rows = await store.policyHits({ within: ALL_TIME, buckets: 1 });
      return rows.map(hitText).sort();
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

const hitText = ({ policy, direction, rule, totals }: PolicyHitRow): string =>
  `${policy.name} ${direction} ${rule}: ` +
  [totals.allowed, totals.denied, totals.passed, totals.staged].join('/');
