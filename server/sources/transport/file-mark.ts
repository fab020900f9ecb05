import { createHash } from 'node:crypto';
import type { Checkpoint } from '../../core/flow.ts';
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
  readonly head: string;
  /** Resume position: after the last complete line that was handed over. */
  readonly offset: number;
  readonly beforeLength: number;
  /** Hash of the bytes before `offset`. */
  readonly before: string;
  /** Milliseconds since 1970 when the file was last modified, as far as was seen. */
  readonly modifiedMs: number;
  /** When it was last read, in nanoseconds since 1970 as text. */
  readonly readAt: string;
};

export const HEAD_LENGTH = 1024;

export const digest = (bytes: Uint8Array): string =>
  createHash('sha256').update(bytes).digest('hex');

export function parseMark(after: Checkpoint): FileMark {
  return JSON.parse(after) as FileMark;
}

export function printMark(mark: FileMark): Checkpoint {
  return JSON.stringify(mark) as Checkpoint;
}

/** Whether the file holds what the mark remembers, up to and with the resume position. */
export async function holds(file: FoundFile, mark: FileMark): Promise<boolean> {
  if (!file.compressed && file.size < mark.offset) return false;
  const head = await readRange(file, 0, mark.headLength);
  if (head.length !== mark.headLength || digest(head) !== mark.head) return false;
  if (mark.offset === 0) return true;
  const from = mark.offset - mark.beforeLength;
  const before = await readRange(file, from, mark.beforeLength);
  return before.length === mark.beforeLength && digest(before) === mark.before;
}

export const sameInode = (file: FoundFile, mark: FileMark): boolean =>
  file.device === mark.device && file.inode === mark.inode;
