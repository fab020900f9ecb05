import type {
  Coverage,
  Inventory,
  InventorySource,
  InventoryStatus,
  ObjectVersion,
} from '../core/inventory.ts';
import { NANOS_PER_MILLI, nanos, type EpochNanos } from '../core/time.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import type { ObjectHistory } from '../store/control/objects-history.ts';
import { createInventoryLedger, type InventoryLedger } from './inventory-ledger.ts';
import type { InventoryNow } from './history-inventory.ts';
import { createUnpack, snapshotOf } from './inventory-snapshot.ts';

export type KeptInventory = Inventory &
  AsyncDisposable & {
    statuses(): readonly InventoryStatus[];
    /** For a process that reads the history (`history-inventory.ts`): nothing that was seen before is missing there. */
    tellNow(): Promise<InventoryNow>;
  };

export type KeepObjects = {
  /** How long versions that ended are kept, and those of pods. */
  readonly versionsMs: number;
  readonly podsMs: number;
};

export type KeepInventoryOptions = {
  readonly sources: readonly InventorySource[];
  readonly history: ObjectHistory;
  readonly keep: KeepObjects;
  readonly clock: Clock;
  readonly log: Logger;
  /** A source ended that never does: a bug. */
  readonly onfailure: (error: unknown) => void;
};

const FLUSH_MS = 250;
/** What is covered is written this often even when nothing changes. */
const COVER_MS = 10_000;
const PRUNE_MS = 60_000;
/** Some ten milliseconds a commit. */
const COMMIT = 500;
/** A gigabyte at most, and weeks of a cluster that is never still. */
const MAX_CHURNING = 1_000_000;
/** Of a large cluster at one time. */
const UNPACKED = 20_000;

/** Runs the inventory sources and writes what they tell, until disposed. */
export async function keepInventory(options: KeepInventoryOptions): Promise<KeptInventory> {
  const { sources, history, clock, log, onfailure } = options;
  const now = (): EpochNanos => nanos(clock.now());
  const unpack = createUnpack(UNPACKED);
  const ledgers = await openLedgers(options, unpack);
  const stop = new AbortController();
  const writer = createWriter({ ledgers, history, log, now });
  const running = Promise.all(
    ledgers.map(({ source, sink }) => source.run(sink, stop.signal)),
  ).catch(onfailure);
  const isBehind = (): boolean => ledgers.some((ledger) => ledger.hasPending());
  const versions = (): readonly ObjectVersion[] =>
    ledgers.flatMap((ledger) => [...ledger.versions()]);
  const going = (at: EpochNanos): readonly Coverage[] =>
    ledgers.flatMap((ledger) => ledger.covered(at));
  let coveredAt = clock.now();
  const flush = setInterval(() => {
    const isDue = clock.now() - coveredAt >= BigInt(COVER_MS) * NANOS_PER_MILLI;
    if (!isDue && !isBehind()) return;
    coveredAt = clock.now();
    void writer.write();
  }, FLUSH_MS);
  const prune = setInterval(() => void writer.prune(options.keep), PRUNE_MS);
  prune.unref();
  flush.unref();
  return {
    statuses: () => ledgers.map((ledger) => ledger.status()),
    current: () => snapshotOf(now(), versions(), going(now())),
    async tellNow() {
      if (isBehind()) await writer.write();
      const at = now();
      return {
        ...{ at, sources: sources.map(({ name }) => name), going: going(at) },
        // What came since is not lost, only later.
        unwritten: ledgers.some((ledger) => ledger.needsCompare()) ? versions() : undefined,
      };
    },
    async asOf(at) {
      if (sources.length > 0) await writer.write();
      return snapshotOf(at, await unpack(history.at(at)), history.coverageAt(at));
    },
    async versions(key) {
      if (sources.length > 0) await writer.write();
      return unpack(history.of(key));
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      clearInterval(flush);
      clearInterval(prune);
      await running;
      await writer.write();
    },
  };
}

async function openLedgers(
  { sources, history, clock, log }: KeepInventoryOptions,
  unpack: ReturnType<typeof createUnpack>,
): Promise<readonly InventoryLedger[]> {
  const ledgers: InventoryLedger[] = [];
  let isReadable = true;
  try {
    history.retire(sources.map(({ name }) => name));
  } catch (error) {
    // The sources run all the same: what is there now needs no file.
    log.warn({ err: error }, 'the history of objects cannot be read');
    isReadable = false;
  }
  for (const source of sources) {
    const known = isReadable ? await unpack(history.open(source.name)) : [];
    const notBefore = isReadable ? history.coveredUntil(source.name) : undefined;
    ledgers.push(
      createInventoryLedger({ source, known, notBefore, now: () => nanos(clock.now()) }),
    );
  }
  return ledgers;
}

type Writer = {
  /** Writes what is pending and what is covered; resolves when all that came before the call is written, or failed. */
  write(): Promise<void>;
  prune(keep: KeepObjects): Promise<void>;
};

function createWriter({
  ledgers,
  history,
  log,
  now,
}: Pick<KeepInventoryOptions, 'history' | 'log'> & {
  readonly ledgers: readonly InventoryLedger[];
  readonly now: () => EpochNanos;
}): Writer {
  let isFailing = false;
  let queue = Promise.resolve();
  const attempt = async (work: () => Promise<void>, onfail: () => void): Promise<void> => {
    try {
      await work();
      isFailing = false;
    } catch (error) {
      if (!isFailing) log.warn({ err: error }, 'the inventory was not written');
      isFailing = true;
      onfail();
    }
  };
  const writeOne = async (ledger: InventoryLedger): Promise<void> => {
    const { name } = ledger.source;
    const at = now();
    const compared = ledger.needsCompare() ? ledger.differences(history.open(name), at) : undefined;
    const { changes, spans } = ledger.take(at);
    const all = compared ?? changes;
    for (let from = 0; from < all.length; from += COMMIT) {
      if (from > 0) await new Promise(setImmediate);
      history.record(name, all.slice(from, from + COMMIT));
    }
    history.cover(spans);
  };
  const enqueue = (work: () => Promise<void>): Promise<void> => (queue = queue.then(work));
  return {
    write: () =>
      enqueue(async () => {
        for (const ledger of ledgers) await attempt(() => writeOne(ledger), ledger.markLost);
      }),
    prune: ({ versionsMs, podsMs }) =>
      enqueue(() =>
        attempt(
          async () => {
            const before = (ms: number): EpochNanos => nanos(now() - BigInt(ms) * NANOS_PER_MILLI);
            const limits = {
              before: before(versionsMs),
              churningBefore: before(podsMs),
              maxChurning: MAX_CHURNING,
            };
            while (history.prune(limits) > 0) await new Promise(setImmediate);
          },
          () => undefined,
        ),
      ),
  };
}
