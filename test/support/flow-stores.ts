import fc from 'fast-check';
import type { Flow, RecordedFlow, StoredFlow } from '../../server/core/flow.ts';
import { nanos, type EpochNanos, type TimeWindow } from '../../server/core/time.ts';
import { anyFlow } from './arbitrary.ts';
import { aDrop, aFlow, batchOf, stored } from './flow.ts';
import { openSqliteStore } from '../../server/store/sqlite/sqlite-store.ts';
import type { Committed, FlowStore, Retention } from '../../server/store/flow-store.ts';
import { temporaryDirectory } from './temporary-directory.ts';

export type TestStore = AsyncDisposable & { readonly store: FlowStore };

/** An engine under test. `small` makes it merge after a few dozen flows instead of thousands. */
export type TestEngine = {
  readonly name: string;
  open(options?: { readonly small?: boolean }): Promise<TestStore>;
};

export const engines: readonly TestEngine[] = [
  {
    name: 'sqlite',
    async open({ small = false } = {}) {
      await using parts = new AsyncDisposableStack();
      const directory = parts.use(await temporaryDirectory());
      const rollupLimits = { blocks: 2, fanIn: 2, flowsARow: 0.1 };
      const limits = small ? { blockRows: 24, fanIn: 3, cacheBytes: 100_000, rollupLimits } : {};
      const store = parts.use(await openSqliteStore({ directory: directory.path, ...limits }));
      const held = parts.move();
      return { store, [Symbol.asyncDispose]: () => held.disposeAsync() };
    },
  },
];

/** Deletes everything of before a time, whatever it is. */
export const allBefore = (time: EpochNanos): Retention => ({
  flowsBefore: time,
  dropsBefore: time,
  countsBefore: time,
});

export const ALL_TIME: TimeWindow = { from: nanos(0n), to: nanos(2n ** 62n) };

export const anyBatches = fc.array(fc.array(anyFlow, { maxLength: 9 }), { maxLength: 12 });

/** Appends one batch after the other and answers with all flows as stored. */
export async function appendAll(
  store: FlowStore,
  batches: readonly (readonly Flow[])[],
): Promise<readonly RecordedFlow[]> {
  const added: RecordedFlow[] = [];
  for (const flows of batches) added.push(...storedOf(await store.append(batchOf(flows))));
  return added;
}

export const storedOf = ({ flows, firstSeq }: Committed): readonly RecordedFlow[] =>
  flows.map((flow, row) => ({ ...flow, seq: firstSeq + row }));

/** Flows as pages show them. */
export const withoutRaw = (flows: readonly RecordedFlow[]): readonly StoredFlow[] =>
  flows.map((flow) => stored(flow, flow.seq));

export const seqsOf = (flows: readonly StoredFlow[]) => flows.map(({ seq }) => seq);

/** Every third one a drop. */
export const someFlows = (count: number): Flow[] =>
  Array.from({ length: count }, (_, index) => (index % 3 === 0 ? aDrop() : aFlow()));
