import { findFile, isSame } from './log-files.ts';
import { followFile, type FollowOptions } from './tail-file.ts';
import type { TailStep } from './tail-reading.ts';
import type { TailEntry, TailTable } from './tail-table.ts';

export type TailPool = {
  /** There is something to do for the file: it gets a turn after those that wait already. */
  readonly wake: (entry: TailEntry) => void;
  /** Closes it; it goes on from its tail when it is woken. */
  readonly park: (entry: TailEntry) => Promise<void>;
  /** Looks at some of the closed files, and wakes those that changed and the open ones whose time has come. */
  readonly look: () => Promise<void>;
  /** Does one step for the file whose turn it is; `undefined` when none has anything to do. */
  readonly step: () => Promise<Stepped | undefined>;
  readonly open: () => ReadonlySet<TailEntry>;
  /** Milliseconds until there may be something to do. */
  readonly idleMs: () => number;
};

export type Stepped = {
  readonly entry: TailEntry;
  readonly step: TailStep | { readonly kind: 'ended' };
};

type PoolOptions = Omit<FollowOptions, 'path' | 'closing'> & {
  readonly table: TailTable;
  readonly pollMs: number;
  /** Files that are open at once. */
  readonly mostOpen: number;
};

/** Closed files that are looked at in one go: with the time between, what a hundred thousand idle files cost. */
const LOOKS = 256;
/** The longest time between looks at an idle file, in polls, and how many files it takes to get there. */
const [IDLE_POLLS, FILES_PER_POLL] = [50, 8];

/** Follows all files of a table with few of them open, and in turns: one that is busy does not keep the others waiting. */
export function createTailPool(options: PoolOptions): TailPool {
  const { table, pollMs, mostOpen } = options;
  const ready = new Set<TailEntry>();
  const open = new Set<TailEntry>();
  let cursor = table.entries.values();
  let lookAtMs = 0;
  /** Had its turn, and gets another step. */
  let last: TailEntry | undefined;

  const wake = (entry: TailEntry): void => void ready.add(entry);
  const close = async (entry: TailEntry): Promise<void> => {
    const { steps } = entry;
    entry.steps = undefined;
    open.delete(entry);
    await steps?.return(undefined);
  };
  /** An idle file gives way first, the longest idle; else one that had its turn. */
  const makeRoom = async (): Promise<boolean> => {
    if (open.size < mostOpen) return true;
    let victim: TailEntry | undefined;
    for (const entry of open) {
      if (!entry.parkable) continue;
      if (
        !ready.has(entry) &&
        (victim === undefined || ready.has(victim) || entry.grewAtMs < victim.grewAtMs)
      )
        victim = entry;
      else victim ??= entry;
    }
    if (victim === undefined) return false;
    await close(victim);
    return true;
  };
  const start = (entry: TailEntry): AsyncGenerator<TailStep, void> => {
    open.add(entry);
    entry.parkable = false;
    entry.steps = followFile(
      { ...options, path: entry.path, closing: () => entry.closing },
      entry.tail,
    );
    return entry.steps;
  };
  const settle = (entry: TailEntry, step: TailStep): void => {
    const nowMs = performance.now();
    if (step.kind !== 'idle') {
      entry.grewAtMs = nowMs;
      // One more step finds most files at their end, and saves opening them for that once more.
      if (last !== entry && entry.tail.unread === 0) last = entry;
      else ready.add(entry);
    } else {
      entry.waitingFor = step.waitingFor;
      entry.dueAtMs = nowMs + idleFor(entry, nowMs);
    }
    entry.parkable ||= step.kind !== 'more';
    if (step.kind === 'lines') entry.waitingFor = undefined;
  };
  /** The longer a file was idle and the more there are, the longer it may wait. */
  const idleFor = ({ grewAtMs }: TailEntry, nowMs: number): number => {
    const polls = Math.min(IDLE_POLLS, Math.max(1, table.entries.size / FILES_PER_POLL));
    return Math.min(Math.max(pollMs, (nowMs - grewAtMs) / 8), pollMs * polls);
  };
  const lookAt = async (entry: TailEntry, nowMs: number): Promise<void> => {
    const { tail } = entry;
    const lookup = await findFile(entry.path);
    const same = tail.seen !== undefined && lookup.ok && isSame(lookup.file, tail.seen);
    if (same) tail.lookedAt = options.now();
    if (!same && (lookup.ok || tail.seen !== undefined)) wake(entry);
    else entry.dueAtMs = nowMs + idleFor(entry, nowMs);
  };
  const step = async (entry: TailEntry): Promise<Stepped['step']> => {
    try {
      const { done, value } = await (entry.steps ?? start(entry)).next();
      if (done !== true) {
        settle(entry, value);
        return value;
      }
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === undefined) throw error;
      const waitingFor = `${entry.path} cannot be read: ${code}`;
      entry.tail.seen = undefined;
      await close(entry);
      settle(entry, { kind: 'idle', waitingFor });
      return { kind: 'idle', waitingFor };
    }
    await close(entry);
    table.remove(entry);
    return { kind: 'ended' };
  };

  return {
    wake,
    park: async (entry) => {
      ready.delete(entry);
      await close(entry);
    },
    look: async () => {
      const nowMs = performance.now();
      for (const entry of open) if (entry.dueAtMs <= nowMs) ready.add(entry);
      if (nowMs < lookAtMs || open.size === table.entries.size) return;
      lookAtMs = nowMs + pollMs;
      const due: TailEntry[] = [];
      for (let passed = 0; passed < table.entries.size && due.length < LOOKS; passed += 1) {
        let next = cursor.next();
        if (next.done === true) {
          cursor = table.entries.values();
          next = cursor.next();
          if (next.done === true) break;
        }
        const entry = next.value;
        if (entry.steps === undefined && !ready.has(entry) && entry.dueAtMs <= nowMs)
          due.push(entry);
      }
      await Promise.all(due.map((entry) => lookAt(entry, nowMs)));
    },
    step: async () => {
      if (last?.steps !== undefined) {
        const entry = last;
        ready.delete(entry);
        const stepped = await step(entry);
        last = undefined;
        return { entry, step: stepped };
      }
      last = undefined;
      const [entry] = ready;
      if (entry === undefined) return undefined;
      ready.delete(entry);
      if (entry.steps === undefined && !(await makeRoom())) {
        ready.add(entry);
        return { entry, step: { kind: 'more' } };
      }
      return { entry, step: await step(entry) };
    },
    open: () => open,
    idleMs: () => {
      let at = open.size === table.entries.size ? Infinity : lookAtMs;
      for (const { dueAtMs } of open) at = Math.min(at, dueAtMs);
      return Math.max(0, at - performance.now());
    },
  };
}
