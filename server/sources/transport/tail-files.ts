import { setTimeout as pause } from 'node:timers/promises';
import type { Checkpoint } from '../../core/flow.ts';
import { isPattern } from './tail-discovery.ts';
import { createFolders } from './tail-folders.ts';
import { createTailPool, type Stepped, type TailPool } from './tail-pool.ts';
import { createTail, MOST_LINES, type TailedLines } from './tail-reading.ts';
import type { Rotation } from './tail-rotation.ts';
import { createScanner, type Scanner } from './tail-scan.ts';
import { createTailReporter, type TailState } from './tail-state.ts';
import { createTailTable, type TailEntry, type TailTable } from './tail-table.ts';

export type TailOptions = {
  /** Of one file, or a pattern that many match. */
  readonly path: string;
  /** Longest line in bytes; longer ones are handed over as `oversized`. */
  readonly lineLimit: number;
  /** How such files are rotated unless they show another way. */
  readonly rotation: Rotation;
  /** Nanoseconds since 1970. */
  readonly now: () => bigint;
  /** Time between looks at a file that has nothing new; 200 ms unless told. */
  readonly pollMs?: number;
  /** Files that are open at once; 64 unless told. */
  readonly mostOpen?: number;
  readonly onState: (state: TailState) => void;
};

/** Lines of one or more files, and where to resume once these are safe. */
export type TailedBatch = {
  readonly parts: readonly TailedLines[];
  readonly checkpoint: Checkpoint;
};

const [POLL_MS, MOST_OPEN] = [200, 64];
const BATCH_MS = 200;
const BATCH_BYTES = 8 * 1024 * 1024;
/** A checkpoint that names many files is written less often: at most so many bytes of it a millisecond. */
const CHECKPOINT_BYTES_PER_MS = 2_000;
/** Looks for new files, in polls; and the part of the time that may go into them, as one of so many. */
const [SCAN_POLLS, SCAN_SHARE] = [5, 20];

/**
 * Follows a file, or all files that match a pattern, those included that come later. Few are open at once, and
 * each gets its turn. Ends when the signal aborts; what was not handed over by then is read again.
 */
export async function* tailFiles(
  options: TailOptions,
  after: Checkpoint | undefined,
  signal: AbortSignal,
): AsyncGenerator<TailedBatch, void> {
  const tailing = startTailing(options, after);
  const { pool, table, batch } = tailing;
  let saved = -1;
  try {
    while (!signal.aborted) {
      await tailing.scan();
      await pool.look();
      const stepped = await pool.step();
      if (stepped !== undefined) batch.push(stepped);
      const idle = stepped === undefined;
      // That a file was found is worth a commit: rotated while we are down, it would be nobody's.
      if (batch.isDue(idle, table.changes() > saved)) {
        saved = table.changes();
        yield batch.take(tailing.checkpoint());
      }
      await tailing.report();
      if (idle) await rest(tailing.idleMs(), signal);
    }
  } finally {
    for (const entry of [...pool.open()]) await pool.park(entry);
  }
}

type Tailing = {
  readonly pool: TailPool;
  readonly table: TailTable;
  readonly batch: Batch;
  /** Looks for new and vanished files when that is due. */
  readonly scan: () => Promise<void>;
  readonly checkpoint: () => Checkpoint;
  readonly report: () => Promise<void>;
  readonly idleMs: () => number;
};

function startTailing(options: TailOptions, after: Checkpoint | undefined): Tailing {
  const { path, now, pollMs = POLL_MS, mostOpen = MOST_OPEN } = options;
  const folders = createFolders();
  const table = createTailTable(path, after, now);
  const resumedAtMs = toMillis(table.resumedAt);
  const pool = createTailPool({ ...options, resumedAtMs, folders, table, pollMs, mostOpen });
  const scanner = isPattern(path)
    ? createScanner({
        ...options,
        resumedAtMs,
        pattern: path,
        table,
        folders,
        wake: pool.wake,
        park: pool.park,
      })
    : undefined;
  if (scanner === undefined) pool.wake(keepOnly(table, path, now));
  const report = createTailReporter({ ...options, table, pool, folders, scanner, everyMs: pollMs });
  const scans = scanner === undefined ? undefined : createScans(scanner, pollMs);
  return {
    pool,
    table,
    batch: createBatch(),
    scan: async () => scans?.run(),
    checkpoint: () => table.checkpoint(scanner?.unreadSinceMs()),
    report,
    idleMs: () => Math.min(pollMs, pool.idleMs(), scans?.dueInMs() ?? pollMs),
  };
}

/** 0 where there is no time. */
const toMillis = (nanos: bigint | undefined): number => Number((nanos ?? 0n) / 1_000_000n);

/** The entry of a single file. What another path left off at is known again by its content. */
function keepOnly(table: TailTable, path: string, now: () => bigint): TailEntry {
  const all = [...table.entries.values()];
  const kept = table.entries.get(path) ?? (all.length === 1 ? all[0] : undefined);
  for (const entry of all) table.remove(entry);
  return table.add(path, kept?.tail ?? createTail(undefined, table.resumedAt ?? now()));
}

function createScans(scanner: Scanner, pollMs: number) {
  let dueAtMs = 0;
  return {
    run: async (): Promise<void> => {
      const startedAtMs = performance.now();
      if (startedAtMs < dueAtMs) return;
      await scanner.scan();
      const endedAtMs = performance.now();
      dueAtMs = endedAtMs + Math.max(SCAN_POLLS * pollMs, SCAN_SHARE * (endedAtMs - startedAtMs));
    },
    dueInMs: (): number => Math.max(0, dueAtMs - performance.now()),
  };
}

async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await pause(ms, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}

/** Lines that wait to be handed over together, since a commit costs more than a line. */
type Batch = {
  readonly push: (stepped: Stepped) => void;
  readonly isDue: (idle: boolean, changed: boolean) => boolean;
  readonly take: (checkpoint: Checkpoint) => TailedBatch;
};

function createBatch(): Batch {
  let parts: TailedLines[] = [];
  let [lines, bytes, sinceMs, notBeforeMs] = [0, 0, 0, 0];
  return {
    push: ({ entry, step }) => {
      if (step.kind === 'lines') {
        const length = step.tailed.lines.reduce((sum, line) => sum + line.bytes.length + 1, 0);
        entry.consumed += length;
        if (parts.length === 0) sinceMs = performance.now();
        parts.push(step.tailed);
        lines += step.tailed.lines.length;
        bytes += length;
      } else if (step.kind === 'ended') {
        const lostSince = entry.tail.lostSince ?? entry.tail.unreadSince;
        if (lostSince === undefined) return;
        if (parts.length === 0) sinceMs = performance.now();
        parts.push({ lines: [], path: entry.path, file: '', lostSince, mayRepeat: false });
      }
    },
    isDue: (idle, changed) => {
      if (parts.length === 0 && !(idle && changed)) return false;
      if (lines >= MOST_LINES || bytes >= BATCH_BYTES) return true;
      const nowMs = performance.now();
      return nowMs >= notBeforeMs && (idle || nowMs - sinceMs >= BATCH_MS);
    },
    take: (checkpoint) => {
      const taken = { parts, checkpoint };
      parts = [];
      [lines, bytes] = [0, 0];
      notBeforeMs = performance.now() + checkpoint.length / CHECKPOINT_BYTES_PER_MS;
      return taken;
    },
  };
}
