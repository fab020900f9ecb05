import { AppError } from '../../core/errors.ts';
import { nanos, nanosFromMillis, type EpochNanos } from '../../core/time.ts';
import type { FlowStore } from '../flow-store.ts';
import { createBlockWriter } from './block-writer.ts';
import { loadCatalog } from './catalog.ts';
import { createCommit } from './commit.ts';
import { openDatabase, openForReading, storeBytes } from './database.ts';
import { readDropGroups } from './drop-groups.ts';
import { guard, storeFailure } from './failures.ts';
import { createLedger } from './ledger.ts';
import { findRecorded, readPage } from './page.ts';
import { createPolicyRollup } from './policy-rollup.ts';
import { createPruner } from './prune.ts';
import { createRepeats } from './repeats.ts';
import { summarize } from './summarize.ts';
import { createTurns } from './turns.ts';

export type SqliteStoreOptions = {
  /** Made with mode 0700 where it is absent. */
  readonly directory: string;
  readonly clock?: () => EpochNanos;
  /** Reads a store beside the process that writes it, and refuses to write. */
  readonly readOnly?: boolean;
  /** Rows of a full block; smaller ones are merged until they hold as many. */
  readonly blockRows?: number;
  /** How many small blocks are merged at once. */
  readonly fanIn?: number;
  /** Memory for blocks that are read again and again. */
  readonly cacheBytes?: number;
};

/**
 * Opens the flow store in a directory, for this process alone unless it is `readOnly`. Throws an AppError:
 * `store-in-use`, `store-newer`, `store-failed`, or `not-found` when there is nothing to read. Reads and commits share the process; reads give way between blocks.
 */
export function openSqliteStore(options: SqliteStoreOptions): Promise<FlowStore> {
  return new Promise((resolve) => resolve(openStore(options)));
}

function openStore({
  directory,
  clock = () => nanosFromMillis(Date.now()),
  readOnly = false,
  blockRows = 16_384,
  fanIn = 16,
  cacheBytes = 64 * 1024 * 1024,
}: SqliteStoreOptions): FlowStore {
  const opened = readOnly ? openForReading(directory) : openDatabase(directory);
  using undo = new DisposableStack();
  undo.use(opened);
  const { db, file } = opened;
  const parts = guard('Reading the store', file, () => {
    const catalog = loadCatalog({ db, cacheBytes, shared: readOnly, blockRows });
    const ledger = createLedger(db);
    const rollup = createPolicyRollup(db);
    const repeats = createRepeats(catalog, (origin) => ledger.gapsOf(origin));
    const writer = createBlockWriter(db, catalog, { blockRows, fanIn });
    const pruner = createPruner(db, catalog, ledger, rollup);
    return { db, catalog, ledger, rollup, repeats, writer, pruner };
  });
  const { catalog, ledger, rollup, repeats, pruner } = parts;
  const commit = createCommit({ ...parts, blockRows, clock });
  const inTurn = createTurns();
  undo.move();

  const attempt = async <T>(what: string, run: () => T | Promise<T>): Promise<T> => {
    try {
      return await run();
    } catch (error) {
      throw storeFailure(what, file, error) ?? error;
    }
  };
  const attemptToWrite = <T>(what: string, run: () => T | Promise<T>): Promise<T> =>
    attempt(what, () => {
      if (!readOnly) return run();
      throw new AppError('store-failed', `${file} was opened for reading only`);
    });

  return {
    loadCheckpoint: (origin) =>
      attempt('Reading a checkpoint', () => {
        repeats.restart(origin);
        return ledger.checkpoint(origin);
      }),
    append: (batch) => attemptToWrite('Storing flows', () => inTurn(() => commit(batch))),
    page: (query, request) => attempt('Reading flows', () => readPage(catalog, query, request)),
    find: (seq) => attempt('Reading a flow', () => findRecorded(catalog, seq)),
    summarize: (query) => attempt('Counting flows', () => summarize(catalog, query)),
    dropGroups: (query) => attempt('Counting drops', () => readDropGroups(catalog, query)),
    policyHits: (query) => attempt('Reading policy hits', () => rollup.read(query)),
    gaps: (within) => attempt('Reading gaps', () => ledger.gaps(within)),
    origins: () => attempt('Reading sources', () => ledger.origins()),
    head: () => catalog.head(),
    span: () => attempt('Reading the span', () => spanOf(catalog.headers())),
    prune: (before) => attemptToWrite('Deleting old flows', () => pruner.prune(before, inTurn)),
    checkWritable: () =>
      attemptToWrite('Checking the store', () =>
        inTurn(() => void db.prepare('UPDATE store SET head = head').run()),
      ),
    size: () => storeBytes(directory),
    [Symbol.asyncDispose]: () =>
      inTurn(() => attempt('Closing the store', () => opened[Symbol.dispose]())),
  };
}

function spanOf(
  headers: readonly { readonly minObserved: EpochNanos; readonly maxObserved: EpochNanos }[],
): { from: EpochNanos; to: EpochNanos } | undefined {
  let span: { from: EpochNanos; to: EpochNanos } | undefined;
  for (const { minObserved, maxObserved } of headers) {
    if (span === undefined) span = { from: minObserved, to: maxObserved };
    if (minObserved < span.from) span.from = minObserved;
    if (maxObserved > span.to) span.to = maxObserved;
  }
  return span && { from: nanos(span.from), to: nanos(span.to) };
}
