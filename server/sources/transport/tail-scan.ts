import { holds } from './file-mark.ts';
import { findFile, findRotated, isMadeSince, type FoundFile } from './log-files.ts';
import { findMatches } from './tail-discovery.ts';
import type { Folders } from './tail-folders.ts';
import { createTail } from './tail-reading.ts';
import { tailOf, type TailEntry, type TailTable } from './tail-table.ts';

export type Scanner = {
  /** Looks for matching files, and tells what changed. */
  readonly scan: () => Promise<void>;
  /** Matches that are not followed, each with the reason (fault 83). */
  readonly ignored: () => ReadonlyMap<string, Ignored>;
  /** Since when there is a matching file that could not be read; `undefined` when there is none. */
  readonly unreadSinceMs: () => number | undefined;
};

export type Ignored = {
  readonly reason: string;
  /** It is a file that cannot be read, since then: what is rotated meanwhile is unread. Milliseconds since 1970. */
  readonly unreadSinceMs: number | undefined;
};

export type ScanOptions = {
  readonly pattern: string;
  readonly table: TailTable;
  readonly folders: Folders;
  readonly now: () => bigint;
  /** When the checkpoint was made with which this begins; 0 without one. */
  readonly resumedAtMs: number;
  /** There is something to do for it. */
  readonly wake: (entry: TailEntry) => void;
  /** Closes it, so that what is known of it may be changed. */
  readonly park: (entry: TailEntry) => Promise<void>;
};

/** A file that two looks did not find is gone, and not just being renamed. */
const GONE_SCANS = 2;
const AT_ONCE = 64;
const MOST_TIMES = 10_000;

/** Keeps the table to the files that match: new ones are added, and those that vanished are read to their end. */
export function createScanner(options: ScanOptions): Scanner {
  const { table } = options;
  let ignored: ReadonlyMap<string, Ignored> = new Map();
  let scannedAtMs = options.resumedAtMs;
  return {
    ignored: () => ignored,
    unreadSinceMs: () => {
      const times = [...ignored.values()].flatMap(({ unreadSinceMs }) => unreadSinceMs ?? []);
      return times.length === 0 ? undefined : Math.min(...times.slice(0, MOST_TIMES));
    },
    scan: async () => {
      const startedAtMs = Number(options.now() / 1_000_000n);
      const { live } = await findMatches(options.pattern, (path) => table.entries.has(path));
      const matched = new Set(live);
      for (const entry of [...table.entries.values()]) {
        if (matched.has(entry.path)) comeBack(options, entry);
        else await miss(options, entry);
      }
      const added = live.filter((path) => !table.entries.has(path));
      const before = ignored;
      const since = (path: string): number => before.get(path)?.unreadSinceMs ?? scannedAtMs;
      ignored = await addAll(options, added, { startedAtMs, since });
      scannedAtMs = startedAtMs;
    },
  };
}

function comeBack({ wake }: ScanOptions, entry: TailEntry): void {
  if (entry.goneScans > 0) wake(entry);
  entry.goneScans = 0;
  entry.closing = false;
}

/** What is rotated may get a live file again: as long as there is any, we must know how far it was read. */
async function miss({ table, folders, wake, park }: ScanOptions, entry: TailEntry): Promise<void> {
  entry.goneScans += 1;
  if (entry.goneScans < GONE_SCANS) return;
  if ((await findFile(entry.path)).ok) {
    // It is there, and does not match any more: the setting was changed.
    await park(entry);
    table.remove(entry);
    return;
  }
  const rotated = await folders.rotatedOf(entry.path).catch(() => undefined);
  if (rotated?.length !== 0) return;
  entry.closing = true;
  wake(entry);
}

async function addAll(
  options: ScanOptions,
  paths: readonly string[],
  {
    startedAtMs,
    since,
  }: { readonly startedAtMs: number; readonly since: (path: string) => number },
): Promise<ReadonlyMap<string, Ignored>> {
  const ignored = new Map<string, Ignored>();
  if (paths.length === 0) return ignored;
  const known = byIdentity(options.table.entries.values());
  for (let from = 0; from < paths.length; from += AT_ONCE) {
    const lookups = await Promise.all(paths.slice(from, from + AT_ONCE).map(findFile));
    for (const [index, lookup] of lookups.entries()) {
      const path = paths[from + index] ?? '';
      if (lookup.ok) {
        const reason = await addOne(options, lookup.file, known, since(path)).catch(reasonOf);
        if (reason !== undefined) ignored.set(path, { reason, unreadSinceMs: undefined });
      } else {
        const unreadSinceMs = lookup.code === undefined ? undefined : since(path) || startedAtMs;
        ignored.set(path, { reason: lookup.reason, unreadSinceMs });
      }
    }
  }
  return ignored;
}

/** The file system says no, perhaps only for now: the next look tries again. */
function reasonOf(error: unknown): string {
  if ((error as NodeJS.ErrnoException).code === undefined) throw error;
  return (error as Error).message;
}

const identity = (file: { readonly device: string; readonly inode: string }): string =>
  `${file.device}:${file.inode}`;

function byIdentity(entries: Iterable<TailEntry>): Map<string, TailEntry> {
  const known = new Map<string, TailEntry>();
  for (const entry of entries) {
    const { mark, seen } = entry.tail;
    for (const file of [mark, seen]) if (file !== undefined) known.set(identity(file), entry);
  }
  return known;
}

/** Adds a file; answers why it is not followed. */
async function addOne(
  options: ScanOptions,
  file: FoundFile,
  known: Map<string, TailEntry>,
  scannedAtMs: number,
): Promise<string | undefined> {
  const { table, now, wake } = options;
  const owner = known.get(identity(file));
  if (owner !== undefined && table.entries.get(owner.path) === owner) {
    const lookup = await findFile(owner.path);
    if (lookup.ok && identity(lookup.file) === identity(file)) {
      return `${file.path} is the same file as ${owner.path}`;
    }
    const { mark } = owner.tail;
    if (mark !== undefined && (await holds(file, mark))) {
      await renamed(options, owner, lookup.ok ? lookup.file : undefined, file);
      return undefined;
    }
  }
  const tail = tailOf((await rotatedUnseen(options, file, scannedAtMs)) ?? file, now());
  // It existed before we saw it under this name.
  tail.mayRepeat = scannedAtMs > 0 && file.createdMs < scannedAtMs;
  const entry = table.add(file.path, tail);
  known.set(identity(file), entry);
  wake(entry);
  return undefined;
}

/** The oldest rotation of a new file that was made since the last look: the file was rotated before we saw it. */
async function rotatedUnseen(
  { table, folders }: ScanOptions,
  file: FoundFile,
  scannedAtMs: number,
): Promise<FoundFile | undefined> {
  if (scannedAtMs === 0) return undefined;
  const rotated = await findRotated(file.path, folders);
  return rotated.find((found) => isMadeSince(found, scannedAtMs) && !table.entries.has(found.path));
}

/** A followed file has another name now: how far it was read goes with it. */
async function renamed(
  { table, park, now, wake }: ScanOptions,
  owner: TailEntry,
  next: FoundFile | undefined,
  file: FoundFile,
): Promise<void> {
  await park(owner);
  const { mark, lookedAt, lostSince } = owner.tail;
  const moved = table.add(file.path, { ...createTail(mark, lookedAt), lostSince });
  wake(moved);
  table.remove(owner);
  if (next !== undefined) wake(table.add(next.path, tailOf(next, now())));
}
