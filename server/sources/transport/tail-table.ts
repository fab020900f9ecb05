import type { Checkpoint } from '../../core/flow.ts';
import { unreadMark, type FileMark } from './file-mark.ts';
import { createMarkPrinter, parseCheckpoint } from './tail-checkpoint.ts';
import { createTail, type Tail, type TailStep } from './tail-reading.ts';
import type { FoundFile } from './log-files.ts';
import type { PaceMeter } from './tail-rotation.ts';

/** One followed file. Most of many are closed: then its `tail` tells where to go on. */
export type TailEntry = {
  readonly path: string;
  readonly tail: Tail;
  /** While it is open. */
  steps: AsyncGenerator<TailStep, void> | undefined;
  /** It got on since it was opened, so that to close it now throws no work away. */
  parkable: boolean;
  /** Why there is nothing to read. */
  waitingFor: string | undefined;
  /** On the monotonic clock: when it last had something to read, and when to look again. */
  grewAtMs: number;
  dueAtMs: number;
  /** Looks for matching files that did not find it. */
  goneScans: number;
  closing: boolean;
  consumed: number;
  pace: PaceMeter | undefined;
};

/** All followed files of a source. */
export type TailTable = {
  readonly entries: ReadonlyMap<string, TailEntry>;
  readonly add: (path: string, tail: Tail) => TailEntry;
  readonly remove: (entry: TailEntry) => void;
  /** Where to resume: after all lines that were handed over. Files that match may wait unread since a time. */
  readonly checkpoint: (unreadSinceMs: number | undefined) => Checkpoint;
  /** When the checkpoint that was begun with was made, in nanoseconds since 1970; `undefined` without one. */
  readonly resumedAt: bigint | undefined;
  /** Counts the files that were added and removed. */
  readonly changes: () => number;
};

/** A table with the files of a checkpoint in it. `path` is the source's own, in case the checkpoint names none. */
export function createTailTable(
  path: string,
  after: Checkpoint | undefined,
  now: () => bigint,
): TailTable {
  const entries = new Map<string, TailEntry>();
  const print = createMarkPrinter();
  let changes = 0;
  const add = (at: string, tail: Tail): TailEntry => {
    changes += 1;
    const entry = createEntry(at, tail);
    entries.set(at, entry);
    return entry;
  };
  const resumed = after === undefined ? undefined : parseCheckpoint(after, path);
  for (const [at, mark] of resumed?.marks ?? []) {
    const readAt = BigInt(mark.readAt);
    const { lookedAt } = resumed ?? { lookedAt: readAt };
    add(at, createTail(mark, readAt > lookedAt ? readAt : lookedAt));
  }
  return {
    entries,
    add,
    remove: (entry) => {
      changes += 1;
      entries.delete(entry.path);
    },
    changes: () => changes,
    checkpoint: (unreadSinceMs) => {
      let lookedAt = unreadSinceMs === undefined ? now() : BigInt(unreadSinceMs) * 1_000_000n;
      for (const { tail } of entries.values()) {
        if (tail.lookedAt < lookedAt) lookedAt = tail.lookedAt;
      }
      return print(marksOf(entries), lookedAt);
    },
    resumedAt: resumed?.lookedAt,
  };
}

function* marksOf(entries: ReadonlyMap<string, TailEntry>): Generator<[string, FileMark]> {
  for (const { path, tail } of entries.values()) {
    if (tail.mark !== undefined) yield [path, tail.mark];
  }
}

/** What is known of a file that was just found: all of it is unread. */
export function tailOf(file: FoundFile, now: bigint): Tail {
  return { ...createTail(unreadMark(file, now), now), unread: file.size };
}

function createEntry(path: string, tail: Tail): TailEntry {
  return {
    path,
    tail,
    steps: undefined,
    parkable: false,
    waitingFor: undefined,
    grewAtMs: performance.now(),
    dueAtMs: 0,
    goneScans: 0,
    closing: false,
    consumed: 0,
    pace: undefined,
  };
}
