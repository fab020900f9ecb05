import { glob } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import { liveNamesOf } from './tail-folders.ts';

/** Whether a path stands for all files that match it. */
export const isPattern = (path: string): boolean => /[*?[{]/.test(path);

/** Paths that are looked at before others get their turn. */
const AT_ONCE = 2_000;

export type Matches = {
  /** Files in their own right. */
  readonly live: readonly string[];
  /** Rotations of these, which are read as part of them. */
  readonly rotated: number;
};

/**
 * Files that match now. One whose name is a rotation of another match, or of a file that is followed already,
 * belongs to that one, and would be read twice as a file of its own.
 */
export async function findMatches(
  pattern: string,
  isFollowed: (path: string) => boolean,
): Promise<Matches> {
  const found = new Set<string>();
  for await (const path of glob(pattern)) found.add(path);
  const live: string[] = [];
  let seen = 0;
  for (const path of found) {
    if (++seen % AT_ONCE === 0) await breathe();
    const folder = dirname(path);
    const isRotation = liveNamesOf(basename(path)).some((name) => {
      const owner = join(folder, name);
      return found.has(owner) || isFollowed(owner);
    });
    if (!isRotation || isFollowed(path)) live.push(path);
  }
  return { live: live.sort(), rotated: found.size - live.length };
}
