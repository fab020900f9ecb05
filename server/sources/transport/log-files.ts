import { createReadStream } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { gunzipped, TornGzip } from './gunzip.ts';

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
  { readonly ok: true; readonly file: FoundFile } | { readonly ok: false; readonly reason: string };

/** Looks a path up. A device, pipe or directory is no log file, and opening one could block for ever (fault 83). */
export async function findFile(path: string): Promise<Lookup> {
  try {
    const found = await stat(path, { bigint: true });
    if (!found.isFile()) return { ok: false, reason: `${path} is no regular file` };
    return {
      ok: true,
      file: {
        path,
        device: String(found.dev),
        inode: String(found.ino),
        size: Number(found.size),
        modifiedMs: Number(found.mtimeNs) / 1e6,
        createdMs: Number(found.birthtimeNs) / 1e6,
        compressed: path.endsWith('.gz'),
      },
    };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === undefined) throw error;
    const reason = code === 'ENOENT' ? `${path} does not exist` : `${path} cannot be read: ${code}`;
    return { ok: false, reason };
  }
}

/**
 * The rotated files of a log: same directory, and the live one's name with a time (`events-2026-….log`), a number
 * (`events.log.1`, `events-1.log`) or `.gz` added; `events-dmz.log` is a log of its own. Oldest first. A `.gz`
 * whose plain form is still there is being written and is left out.
 */
export async function findRotated(path: string): Promise<readonly FoundFile[]> {
  const live = basename(path);
  const folder = dirname(path);
  const entries = await readdir(folder).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
  const names = new Set(entries.filter((name) => name !== live && isRotated(name, live)));
  const found: FoundFile[] = [];
  for (const name of names) {
    if (name.endsWith('.gz') && names.has(name.slice(0, -3))) continue;
    const lookup = await findFile(join(folder, name));
    if (lookup.ok) found.push(lookup.file);
  }
  return found.sort(byAge);
}

/**
 * What rotators put into a name: numbers; dates, perhaps with a number; lumberjack's time, of which a successor
 * tells the reason as well (reference/calico.md 2.1).
 */
const ROTATION =
  /^[.-](?:\d{1,14}(?:-\d{1,14})?|\d{4}-\d{2}-\d{2}(?:T\d{2}-\d{2}-\d{2}(?:\.\d{1,9})?(?:-[a-z]+)?)?)$/;

function isRotated(name: string, live: string): boolean {
  const plain = name.replace(/\.gz$/, '');
  if (plain === live) return true;
  if (plain.startsWith(live)) return ROTATION.test(plain.slice(live.length));
  const extension = extname(live);
  const stem = basename(live, extension);
  if (!plain.startsWith(stem) || !plain.endsWith(extension)) return false;
  return ROTATION.test(plain.slice(stem.length, plain.length - extension.length));
}

/** Times are coarse, so names settle ties: greater numbers are older, later times in names are younger. */
function byAge(one: FoundFile, other: FoundFile): number {
  if (one.modifiedMs !== other.modifiedMs) return one.modifiedMs - other.modifiedMs;
  const [left, right] = [rotationNumber(one.path), rotationNumber(other.path)];
  if (left !== undefined && right !== undefined) return right - left;
  return one.path < other.path ? -1 : 1;
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
