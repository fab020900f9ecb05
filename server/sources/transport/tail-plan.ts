import { holds, sameInode, type FileMark } from './file-mark.ts';
import { findFile, findRotated, type FoundFile } from './log-files.ts';

/** What to read next, in order. Each but the last is complete; the last is the live file, if it exists. */
export type TailPlan = {
  readonly segments: readonly Segment[];
  /** The file that was being read is not there any more, so what it held beyond the mark is lost. */
  readonly lost: boolean;
  /** Why the live file is not among them. */
  readonly missing: string | undefined;
};

export type Segment = {
  readonly file: FoundFile;
  /** Where to go on; absent: at the beginning. */
  readonly resume?: FileMark;
  readonly live: boolean;
};

/** Where reading goes on: after a mark, or, at a first start, with what is not among the files rotated before it. */
export type TailStart =
  | { readonly kind: 'mark'; readonly mark: FileMark }
  | { readonly kind: 'first'; readonly before: readonly FoundFile[] };

/** Files may be renamed while we look at them; a look that this happened to is repeated. */
const ATTEMPTS = 5;

/** Decides where reading goes on: in the live file, or first in what was rotated since. */
export async function planTail(path: string, start: TailStart): Promise<TailPlan> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await planOnce(path, start);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === undefined) throw error;
      if (code === 'ENOENT' && attempt < ATTEMPTS) continue;
      return { segments: [], lost: false, missing: `${path} cannot be read: ${code}` };
    }
  }
}

async function planOnce(path: string, start: TailStart): Promise<TailPlan> {
  const lookup = await findFile(path);
  const live = lookup.ok ? lookup.file : undefined;
  const missing = lookup.ok ? undefined : lookup.reason;
  if (start.kind === 'first') {
    const segments: Segment[] = (await rotatedSince(path, start.before)).map((file) => ({
      file,
      live: false,
    }));
    if (live !== undefined) segments.push({ file: live, live: true });
    return { segments, lost: false, missing };
  }
  const { mark } = start;
  if (live !== undefined && sameInode(live, mark) && (await holds(live, mark))) {
    return { segments: [{ file: live, resume: mark, live: true }], lost: false, missing };
  }
  const rotated = await findRotated(path);
  const old = await findOld(rotated, mark);
  const since = old?.modifiedMs ?? mark.modifiedMs;
  const segments: Segment[] = old === undefined ? [] : [{ file: old, resume: mark, live: false }];
  for (const file of rotated) {
    const isOld = file === old || (await isTwin(file, old, mark));
    if (!isOld && isYounger(file, old, since, rotated)) segments.push({ file, live: false });
  }
  if (live !== undefined) segments.push({ file: live, live: true });
  return { segments, lost: old === undefined, missing };
}

/** Lumberjack's names: they are given once, and its compressed files do not keep the time of the plain ones. */
const NAMED_BY_TIME = /\d{4}-\d{2}-\d{2}T[^/]*\.gz$/;

/**
 * Rotated files that were not there before, oldest first. They are younger than those that were: to rename or
 * compress one of these makes no new one.
 */
async function rotatedSince(
  path: string,
  before: readonly FoundFile[],
): Promise<readonly FoundFile[]> {
  const newest = Math.max(...before.map(({ modifiedMs }) => modifiedMs));
  const known = new Set(before.map(identity));
  const paths = new Set(before.map((file) => file.path));
  return (await findRotated(path)).filter(
    (file) =>
      file.modifiedMs > newest &&
      !known.has(identity(file)) &&
      !(NAMED_BY_TIME.test(file.path) && paths.has(file.path.slice(0, -3))),
  );
}

/** An inode is soon used again for a file that is made later. */
const identity = ({ device, inode, createdMs }: FoundFile): string =>
  `${device}:${inode}:${createdMs}`;

/** By inode where that still fits, else by content: copies and compressed forms have inodes of their own. */
async function findOld(
  rotated: readonly FoundFile[],
  mark: FileMark,
): Promise<FoundFile | undefined> {
  const byInode = rotated.filter((file) => sameInode(file, mark));
  const others = rotated.filter((file) => !sameInode(file, mark));
  for (const file of [...byInode, ...others.reverse()]) {
    if (await holds(file, mark)) return file;
  }
  return undefined;
}

/** A compressed or copied form of the file that was read already must not be read again. */
async function isTwin(
  file: FoundFile,
  old: FoundFile | undefined,
  mark: FileMark,
): Promise<boolean> {
  return old !== undefined && file.compressed && (await holds(file, mark));
}

function isYounger(
  file: FoundFile,
  old: FoundFile | undefined,
  since: number,
  rotated: readonly FoundFile[],
): boolean {
  if (file.modifiedMs !== since) return file.modifiedMs > since;
  return old !== undefined && rotated.indexOf(file) > rotated.indexOf(old);
}
