import type { Logger } from '../lib/log.ts';
import type { FlowReader, ReadLoad } from '../store/flow-store.ts';
import { openQuestionPool } from './question-pool.ts';

export type ReaderPoolOptions = {
  /** Directory of a store that exists. */
  readonly directory: string;
  readonly log: Logger;
  /** Processes; one question occupies one. */
  readonly readers?: number;
  /** A question that takes longer is killed, and fails with `query-timeout`. */
  readonly limitMs?: number;
  /** Questions that may wait; more fail with `busy`. */
  readonly waiting?: number;
};

export type ReaderPool = FlowReader & AsyncDisposable & { load(): ReadLoad };

/** Answers questions about stored flows in processes of their own. */
export function openReaderPool({
  directory,
  log,
  readers = 2,
  limitMs = 15_000,
  waiting = 64,
}: ReaderPoolOptions): ReaderPool {
  const pool = openQuestionPool({
    module: new URL('./reader-process.ts', import.meta.url),
    args: [directory],
    name: 'a reader process',
    advice: 'narrow the time range or the query',
    graceMs: 0,
    processes: readers,
    ...{ log, waiting },
  });
  const ask = <M extends keyof FlowReader>(
    method: M,
    args: readonly unknown[],
    signal?: AbortSignal,
  ): ReturnType<FlowReader[M]> =>
    // A reader answers what the store's method of the same name answers.
    pool.ask({ method, args, limitMs, signal }) as ReturnType<FlowReader[M]>;

  return {
    page: (query, { signal, ...request }) => ask('page', [query, request], signal),
    records: (query, { signal, ...request }) => ask('records', [query, request], signal),
    find: (seq) => ask('find', [seq]),
    summarize: ({ signal, ...query }) => ask('summarize', [query], signal),
    dropGroups: ({ signal, ...query }) => ask('dropGroups', [query], signal),
    connections: ({ signal, ...query }) => ask('connections', [query], signal),
    policyHits: (query) => ask('policyHits', [query]),
    gaps: (within) => ask('gaps', [within]),
    ledger: (within) => ask('ledger', [within]),
    origins: () => ask('origins', []),
    span: () => ask('span', []),
    retained: () => ask('retained', []),
    load: pool.load,
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  };
}
