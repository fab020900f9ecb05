import { findRotated } from './log-files.ts';
import type { Folders } from './tail-folders.ts';

/** How a log is rotated: the size at which the live file is renamed, and how many renamed ones are kept. */
export type Rotation = { readonly fileBytes: number; readonly backups: number };

/** Bytes that lie unread, and bytes a second that are written and read. */
export type Pace = { readonly unread: number; readonly written: number; readonly read: number };

/**
 * Milliseconds until the oldest unread byte is deleted with its file, if writing and reading go on as they do;
 * `undefined` where reading keeps up.
 */
export function rotationLossMs(
  { unread, written, read }: Pace,
  liveBytes: number,
  { fileBytes, backups }: Rotation,
): number | undefined {
  if (unread <= 0 || written <= read) return undefined;
  const toRotation = Math.max(0, fileBytes - liveBytes);
  const backup = Math.max(0, Math.ceil((unread - liveBytes) / fileBytes));
  const room = toRotation + Math.max(0, backups - backup) * fileBytes;
  return Math.round((room / (written - read)) * 1000);
}

/** What the rotated files show; where there are none yet, `usual` stands. */
export async function observeRotation(
  path: string,
  folders: Folders,
  usual: Rotation,
): Promise<Rotation> {
  const rotated = await findRotated(path, folders);
  const plain = rotated.filter(({ compressed }) => !compressed).map(({ size }) => size);
  return {
    fileBytes: Math.max(1, plain.length === 0 ? usual.fileBytes : Math.max(...plain)),
    backups: rotated.length === 0 ? usual.backups : rotated.length,
  };
}

/** Measures how fast one file is written and read, over the last seconds. */
export type PaceMeter = {
  /** `consumed`: bytes read since any fixed moment; `unread`: bytes that lie unread then. */
  readonly note: (sample: {
    readonly atMs: number;
    readonly consumed: number;
    readonly unread: number;
  }) => void;
  /** `undefined` until a second has passed. */
  readonly pace: () => Pace | undefined;
};

const SAMPLES = 10;
const SAMPLE_MS = 1_000;

export function createPaceMeter(): PaceMeter {
  const samples: { atMs: number; consumed: number; unread: number }[] = [];
  return {
    note: (sample) => {
      const last = samples.at(-1);
      if (last !== undefined && sample.atMs - last.atMs < SAMPLE_MS) return;
      samples.push({ ...sample });
      if (samples.length > SAMPLES) samples.shift();
    },
    pace: () => {
      const [first, last] = [samples[0], samples.at(-1)];
      if (first === undefined || last === undefined || first === last) return undefined;
      const seconds = (last.atMs - first.atMs) / 1000;
      const read = (last.consumed - first.consumed) / seconds;
      const grown = (last.unread - first.unread) / seconds;
      return { unread: last.unread, written: Math.max(0, read + grown), read };
    },
  };
}
