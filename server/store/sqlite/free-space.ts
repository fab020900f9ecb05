import { statfsSync } from 'node:fs';

const MB = 1_000_000;

/**
 * Why nothing may be written to a directory although there is still room: SQLite and retention need some of what
 * is left. `undefined` where at least `minFreeBytes` are free, or where nobody can tell.
 */
export function spaceObjection(directory: string, minFreeBytes: number): string | undefined {
  const freeBytes = freeBytesOf(directory);
  if (freeBytes === undefined || freeBytes >= minFreeBytes) return undefined;
  return (
    `Only ${Math.floor(freeBytes / MB)} MB are free on the disk of ${directory}, and ` +
    `${Math.ceil(minFreeBytes / MB)} MB are to stay free. Free disk space, or shorten the retention; ` +
    'then it goes on by itself.'
  );
}

/** For a user without privileges; `undefined` where the file system does not say. */
function freeBytesOf(directory: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize;
  } catch (error) {
    // A directory that is gone fails the next commit, which says so better.
    if (error instanceof Error && 'syscall' in error) return undefined;
    throw error;
  }
}
