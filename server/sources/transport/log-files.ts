import { createReadStream, type BigIntStats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gunzipped, TornGzip } from './gunzip.ts';
import type { Folders } from './tail-folders.ts';

/** A regular file as it was found. */
export type FoundFile = {
  readonly path: string;
  readonly device: string;
  readonly inode: string;
  readonly size: number;
  readonly modifiedMs: number;
  readonly createdMs: number;
  readonly compressed: boolean;
};

export type Lookup =
  | { readonly ok: true; readonly file: FoundFile }
  /** `code` is the system's own, where it says no. */
  | { readonly ok: false; readonly reason: string; readonly code?: string };

/** Looks a path up. A device, pipe or directory is no log file, and opening one could block for ever (fault 83). */
export async function findFile(path: string): Promise<Lookup> {
  try {
    const found = await stat(path, { bigint: true });
    if (!found.isFile()) return { ok: false, reason: `${path} is no regular file` };
    return { ok: true, file: foundFile(path, found) };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === undefined) throw error;
    const reason = code === 'ENOENT' ? `${path} does not exist` : `${path} cannot be read: ${code}`;
    return { ok: false, reason, code };
  }
}

export function foundFile(path: string, stats: BigIntStats): FoundFile {
  return {
    path,
    device: String(stats.dev),
    inode: String(stats.ino),
    size: Number(stats.size),
    modifiedMs: Number(stats.mtimeNs) / 1e6,
    createdMs: Number(stats.birthtimeNs) / 1e6,
    compressed: path.endsWith('.gz'),
  };
}

/** File systems take their times from a clock that ticks every few milliseconds, and so lags behind ours. */
const CLOCK_TICK_MS = 20;

/** Whether a file was made since then. One that was made shortly before counts as well. */
export const isMadeSince = ({ createdMs }: FoundFile, sinceMs: number): boolean =>
  createdMs >= sinceMs - CLOCK_TICK_MS;

/** Whether nothing was written to the file since. */
export const isSame = (one: FoundFile, other: FoundFile): boolean =>
  one.inode === other.inode &&
  one.device === other.device &&
  one.size === other.size &&
  one.modifiedMs === other.modifiedMs;

/** Files may be renamed while we look at them; a look that this happened to is repeated. */
const ATTEMPTS = 5;

/** The rotated files of a log, oldest first. A `.gz` whose plain form is still there is being written and is left out. */
export async function findRotated(
  path: string,
  folders: Folders,
  fresh?: 'fresh',
): Promise<readonly FoundFile[]> {
  let how = fresh;
  for (let attempt = 1; ; attempt += 1) {
    const names = new Set(await folders.rotatedOf(path, how));
    if (names.size === 0) return [];
    const wanted = [...names].filter(
      (name) => !(name.endsWith('.gz') && names.has(name.slice(0, -3))),
    );
    const lookups = await Promise.all(wanted.map((name) => findFile(join(dirname(path), name))));
    const found = lookups.flatMap((lookup) => (lookup.ok ? [lookup.file] : []));
    const inodes = new Set(found.map(({ device, inode }) => `${device}:${inode}`));
    const now = await folders.rotatedOf(path, how);
    const steady =
      inodes.size === wanted.length &&
      now.length === names.size &&
      now.every((name) => names.has(name));
    if (steady || attempt === ATTEMPTS) return found.sort(byAge);
    how = 'fresh';
  }
}

/**
 * Times that were put into names are given once; compressing a file changes its own. Times of files are coarse, so
 * names settle ties: greater numbers are older, later times in names are younger.
 */
export function byAge(one: FoundFile, other: FoundFile): number {
  const [early, late] = [rotationTime(one.path), rotationTime(other.path)];
  if (early !== undefined && late !== undefined && early !== late) return early < late ? -1 : 1;
  if (one.modifiedMs !== other.modifiedMs) return one.modifiedMs - other.modifiedMs;
  const [left, right] = [rotationNumber(one.path), rotationNumber(other.path)];
  if (left !== undefined && right !== undefined) return right - left;
  return one.path < other.path ? -1 : 1;
}

/** Lumberjack's time, which orders as text. */
export function rotationTime(path: string): string | undefined {
  return /\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}(?:\.\d{1,9})?(?=[^/]*$)/.exec(path)?.[0];
}

function rotationNumber(path: string): number | undefined {
  const match = /\.(\d{1,6})(?:\.gz)?$/.exec(path);
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

/** Up to `length` bytes of the content from `from` on; of a compressed file, of what it decompresses to. */
export async function readRange(file: FoundFile, from: number, length: number): Promise<Buffer> {
  if (length === 0) return Buffer.alloc(0);
  if (!file.compressed) {
    await using handle = await open(file.path, 'r');
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, from);
    return buffer.subarray(0, bytesRead);
  }
  const parts: Buffer[] = [];
  let held = 0;
  for await (const { bytes } of readCompressed(file.path, from)) {
    parts.push(bytes);
    held += bytes.length;
    if (held >= length) break;
  }
  return Buffer.concat(parts).subarray(0, length);
}

/** Decompressed content from `from` on. A file that is cut short ends early, and says so with its last part. */
export async function* readCompressed(
  path: string,
  from: number,
): AsyncGenerator<{ readonly bytes: Buffer; readonly cut: boolean }> {
  let at = 0;
  try {
    for await (const part of gunzipped(createReadStream(path))) {
      const start = Math.max(0, from - at);
      at += part.length;
      if (start < part.length) yield { bytes: part.subarray(start), cut: false };
    }
  } catch (error) {
    if (!(error instanceof TornGzip)) throw error;
    yield { bytes: Buffer.alloc(0), cut: true };
  }
}
