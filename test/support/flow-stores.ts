import { openSqliteStore } from '../../server/store/sqlite/sqlite-store.ts';
import type { FlowStore } from '../../server/store/flow-store.ts';
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
      const limits = small ? { blockRows: 24, fanIn: 3, cacheBytes: 100_000 } : {};
      const store = parts.use(await openSqliteStore({ directory: directory.path, ...limits }));
      const held = parts.move();
      return { store, [Symbol.asyncDispose]: () => held.disposeAsync() };
    },
  },
];
