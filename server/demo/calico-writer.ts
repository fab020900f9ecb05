import { mkdir, open, readdir, rename, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '../lib/clock.ts';
import type { CalicoInterval, CalicoLog } from './calico-lines.ts';

export type CalicoWriterOptions = {
  readonly log: CalicoLog;
  readonly directory: string;
  readonly clock: Clock;
  /** Seconds of the past that the first file holds. */
  readonly pastSeconds: number;
  readonly flushSeconds: number;
  /** The file is renamed once it is larger than this. */
  readonly maxBytes: number;
  /** Renamed files that are kept. */
  readonly maxBackups: number;
};

export type CalicoWriter = AsyncDisposable & {
  /** Path of the live file. */
  readonly file: string;
  /** Rejects when the log cannot be written any more; settles on dispose. */
  readonly done: Promise<void>;
};

const LIVE_NAME = 'flows.log';
/** Intervals of the simulated past are longer, so that two hours stay a small file. */
const PAST_INTERVAL_SECONDS = 120;
const NANOS = 1_000_000_000n;

/** `flows-2026-02-02T02-40-00.123.log`, as the rotation library of the agent names backups. */
const backupName = (millis: number): string =>
  `flows-${new Date(millis).toISOString().slice(0, -1).replaceAll(':', '-')}.log`;

async function removeOldBackups(directory: string, keep: number): Promise<void> {
  const backups = (await readdir(directory)).filter((name) => /^flows-.+\.log$/.test(name)).sort();
  for (const name of backups.slice(0, Math.max(0, backups.length - keep)))
    await rm(join(directory, name));
}

function pastText(log: CalicoLog, now: number, pastSeconds: number): string {
  const lines: string[] = [];
  for (let from = now - pastSeconds; from < now; from += PAST_INTERVAL_SECONDS) {
    lines.push(...log.linesOf({ from, to: Math.min(now, from + PAST_INTERVAL_SECONDS) }));
  }
  return lines.map((line) => `${line}\n`).join('');
}

/**
 * Writes the flow log as the agent does: a burst of whole lines every `flushSeconds`, and a rename when the file
 * has grown. A new file starts with the past in place. The directory must be this writer's alone.
 */
export async function openCalicoWriter(options: CalicoWriterOptions): Promise<CalicoWriter> {
  const { log, directory, clock, pastSeconds, flushSeconds, maxBytes, maxBackups } = options;
  await mkdir(directory, { recursive: true });
  const file = join(directory, LIVE_NAME);
  const closing = new AbortController();
  let handle: FileHandle = await open(file, 'a');
  let size = (await handle.stat()).size;
  const seconds = (): number => Number(clock.now() / NANOS);

  const write = async (text: string): Promise<void> => {
    const bytes = Buffer.from(text);
    await handle.appendFile(bytes);
    size += bytes.length;
  };
  const rotate = async (): Promise<void> => {
    await handle.close();
    await rename(file, join(directory, backupName(Number(clock.now() / 1_000_000n))));
    handle = await open(file, 'a');
    size = 0;
    await removeOldBackups(directory, maxBackups);
  };

  let last = seconds();
  // A file that an earlier run left has its past already.
  if (size === 0) await write(pastText(log, last, pastSeconds));

  const flush = async (interval: CalicoInterval): Promise<void> => {
    const lines = log.linesOf(interval);
    if (lines.length === 0) return;
    if (size > maxBytes) await rotate();
    await write(lines.map((line) => `${line}\n`).join(''));
  };
  const run = async (): Promise<void> => {
    for (;;) {
      try {
        await pause(flushSeconds * 1000, undefined, { signal: closing.signal });
      } catch (error) {
        if (closing.signal.aborted) return;
        throw error;
      }
      const now = seconds();
      if (now <= last) continue;
      await flush({ from: last, to: now });
      last = now;
    }
  };
  const done = run();
  // Whoever opened the writer sees the failure through `done`, perhaps later than it happens.
  done.catch(() => undefined);

  return {
    file,
    done,
    async [Symbol.asyncDispose]() {
      closing.abort();
      await Promise.allSettled([done]);
      await handle.close();
    },
  };
}
