import { createHash } from 'node:crypto';
import { readRange, type FoundFile } from './log-files.ts';

/**
 * Which file, and how far it was read. Device and inode alone will not do: inodes are reused, and a file that
 * was copied and truncated keeps its own. So content is remembered as well (R2).
 */
export type FileMark = {
  readonly device: string;
  readonly inode: string;
  /** Length of the beginning that was hashed: a kilobyte, or what existed. */
  readonly headLength: number;
  /** Hash of it; a checkpoint keeps only its beginning. */
  readonly head: string;
  /** Resume position: after the last complete line that was handed over. */
  readonly offset: number;
  readonly beforeLength: number;
  /** Hash of the bytes before `offset`. */
  readonly before: string;
  /** Milliseconds since 1970 when the file was last modified, as far as was seen. */
  readonly modifiedMs: number;
  /** When nothing was unread for the last time, or when it was found; in nanoseconds since 1970 as text. */
  readonly readAt: string;
  /** Of a file of which nothing was read: milliseconds since 1970 when it was made; 0 when not known. */
  readonly createdMs?: number;
};

export const HEAD_LENGTH = 1024;

export const digest = (bytes: Uint8Array): string =>
  createHash('sha256').update(bytes).digest('hex');

/** The mark of a file that was found and not read yet. */
export function unreadMark(file: FoundFile, now: bigint): FileMark {
  const { device, inode, modifiedMs, createdMs } = file;
  const nothing = { headLength: 0, head: '', offset: 0, beforeLength: 0, before: '' };
  return { device, inode, ...nothing, modifiedMs, readAt: String(now), createdMs };
}

/** Whether the file holds what the mark remembers, up to and with the resume position. */
export async function holds(file: FoundFile, mark: FileMark): Promise<boolean> {
  if (mark.headLength === 0) return sameInode(file, mark) && file.createdMs === mark.createdMs;
  if (!file.compressed && file.size < mark.offset) return false;
  const head = await readRange(file, 0, mark.headLength);
  if (head.length !== mark.headLength || !digest(head).startsWith(mark.head)) return false;
  if (mark.offset === 0) return true;
  const from = mark.offset - mark.beforeLength;
  const before = await readRange(file, from, mark.beforeLength);
  return before.length === mark.beforeLength && digest(before).startsWith(mark.before);
}

export const sameInode = (file: FoundFile, mark: FileMark): boolean =>
  file.device === mark.device && file.inode === mark.inode;
