import { join } from 'node:path';
import { AppError } from '../../core/errors.ts';
import { nanosFromMillis, type EpochNanos } from '../../core/time.ts';
import type { FlowStore } from '../flow-store.ts';
import { storeFailureOf } from '../store-failure.ts';
import { loadCatalog } from './catalog.ts';
import { createCommit } from './commit.ts';
import { foldConnections } from './connections.ts';
import { FILE, openDatabase, openForReading, storeBytes } from './database.ts';
import { createDropCounter } from './drop-groups.ts';
import { fileStatus } from './file-status.ts';
import { guard, storeFailure } from './failures.ts';
import { createLedger } from './ledger.ts';
import { findRecorded, readPage, readRecords } from './page.ts';
import { createPairs } from './pairs.ts';
import { createPolicyRollup } from './policy-rollup.ts';
import { createPruner } from './prune.ts';
import { createRepeats } from './repeats.ts';
import type { RollupLimits } from './rollup-plan.ts';
import { suspect } from './quarantine.ts';
import { summarize } from './summarize.ts';
import { spanOf } from './span.ts';
import { createTurns } from './turns.ts';
import { createUpkeep } from './upkeep.ts';
import { createWatchLedger } from './watch-ledger.ts';

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
  /** How many full blocks are counted together beforehand, and how many such counts again. */
  readonly rollupLimits?: RollupLimits;
  /** Memory for blocks that are read again and again. */
  readonly cacheBytes?: number;
};

/**
 * Opens the flow store in a directory, for this process alone unless it is `readOnly`. Throws an AppError:
 * `store-in-use`, `store-newer`, `store-failed`, or `not-found` when there is nothing to read. Reads and commits share the process; reads give way between blocks.
 */
export function openSqliteStore(options: SqliteStoreOptions): Promise<FlowStore> {
  return new Promise((resolve) => resolve(openTwice(options)));
}

/** What is damaged where opening does not look is found when the blocks are listed, and put aside then. */
function openTwice(options: SqliteStoreOptions): FlowStore {
  try {
    return openStore(options);
  } catch (error) {
    if (options.readOnly === true || storeFailureOf(error) !== 'damaged') throw error;
    suspect(join(options.directory, FILE), String(error));
    return openStore(options);
  }
}

function openStore({
  directory,
  clock = () => nanosFromMillis(Date.now()),
  readOnly = false,
  blockRows = 16_384,
  fanIn = 16,
  rollupLimits = { blocks: 16, fanIn: 8, flowsARow: 12 },
  cacheBytes = 64 * 1024 * 1024,
}: SqliteStoreOptions): FlowStore {
  const opened = readOnly ? openForReading(directory) : openDatabase(directory);
  using undo = new DisposableStack();
  undo.use(opened);
  const { db, file, quarantined } = opened;
  const parts = guard('Reading the store', file, () => {
    const catalog = loadCatalog({ db, cacheBytes, shared: readOnly, blockRows });
    const ledger = createLedger(db);
    const watches = createWatchLedger(db);
    const rollup = createPolicyRollup(db);
    const pairs = createPairs(db);
    const repeats = createRepeats(catalog, (origin) => ledger.gapsOf(origin));
    const limits = { blockRows, fanIn };
    const upkeep = createUpkeep({ db, catalog, limits, rollupLimits, clock });
    const pruner = createPruner({ db, catalog, ledger, watches, rollup, upkeep });
    return { db, catalog, ledger, watches, rollup, pairs, repeats, upkeep, pruner };
  });
  const { catalog, ledger, watches, rollup, repeats, pruner } = parts;
  const commit = createCommit({ ...parts, blockRows, clock });
  const countDrops = createDropCounter(catalog);
  const inTurn = createTurns();
  undo.move();

  const attempt = async <T>(what: string, run: () => T | Promise<T>): Promise<T> => {
    try {
      return await run();
    } catch (error) {
      const failure = storeFailure(what, file, error);
      if (!readOnly && storeFailureOf(failure) === 'damaged') suspect(file, String(failure));
      throw failure ?? error;
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
    noteWatched: (notes) =>
      attemptToWrite('Noting what is watched', () => inTurn(() => watches.note(notes))),
    page: (query, request) => attempt('Reading flows', () => readPage(catalog, query, request)),
    records: (query, request) =>
      attempt('Reading records', () => readRecords(catalog, query, request)),
    find: (seq) => attempt('Reading a flow', () => findRecorded(catalog, seq)),
    summarize: (query) => attempt('Counting flows', () => summarize(catalog, query)),
    dropGroups: (query) => attempt('Counting drops', () => countDrops(query)),
    connections: (query) => attempt('Reading connections', () => foldConnections(catalog, query)),
    policyHits: (query) => attempt('Reading policy hits', () => rollup.read(query)),
    gaps: (within) => attempt('Reading gaps', () => ledger.gaps(within)),
    ledger: (within) => attempt('Reading the ledger', () => watches.facts(within)),
    origins: () => attempt('Reading sources', () => ledger.origins()),
    head: () => catalog.head(),
    span: () => attempt('Reading the span', () => spanOf(catalog)),
    retained: () =>
      attempt('Reading the span', () => ({
        flowsSince: catalog.removedTo('all'),
        dropsSince: catalog.removedTo('drops'),
      })),
    prune: (retention) =>
      attemptToWrite('Deleting old flows', () => pruner.prune(retention, inTurn)),
    checkWritable: () =>
      attemptToWrite('Checking the store', () =>
        inTurn(() => void db.prepare('UPDATE store SET head = head').run()),
      ),
    size: () => storeBytes(directory),
    status: () => ({
      head: catalog.head(),
      blocks: catalog.all.headers().length,
      oldestAt: spanOf(catalog)?.from,
      quarantined,
      ...fileStatus(file),
    }),
    [Symbol.asyncDispose]: () =>
      inTurn(() => attempt('Closing the store', () => opened[Symbol.dispose]())),
  };
}
