import { HEAD_LENGTH, holds, sameInode, type FileMark } from './file-mark.ts';
import {
  byAge,
  findFile,
  findRotated,
  isMadeSince,
  readRange,
  rotationTime,
  type FoundFile,
} from './log-files.ts';
import type { Folders } from './tail-folders.ts';

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
  /**
   * Of a live file that is begun: inodes of the rotated files that were found. When there is another by the time
   * that it is read, it may hold what was truncated since.
   */
  readonly beside?: ReadonlySet<string>;
};

/** Where reading goes on: after a mark, or, at a first start, with what is not among the files rotated before it. */
export type TailStart =
  | { readonly kind: 'mark'; readonly mark: FileMark }
  | { readonly kind: 'first'; readonly before: readonly FoundFile[] };

/** What keeps the time of a file when it makes another of it may round it down. */
const COARSE_MS = 2;

/** Files may be renamed while we look at them; a look that this happened to is repeated. */
const ATTEMPTS = 5;

/** Decides where reading goes on: in the live file, or first in what was rotated since. */
export async function planTail(
  path: string,
  start: TailStart,
  folders: Folders,
): Promise<TailPlan> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await planOnce(path, start, folders);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === undefined) throw error;
      if (code === 'ENOENT' && attempt < ATTEMPTS) continue;
      return { segments: [], lost: false, missing: `${path} cannot be read: ${code}` };
    }
  }
}

async function planOnce(path: string, start: TailStart, folders: Folders): Promise<TailPlan> {
  const lookup = await findFile(path);
  const live = lookup.ok ? lookup.file : undefined;
  const missing = lookup.ok ? undefined : lookup.reason;
  if (start.kind === 'first') {
    const rotated = await findRotated(path, folders);
    const since = await withoutCopies(rotatedSince(rotated, start.before), live);
    return { segments: [...whole(since), ...begun(live, rotated)], lost: false, missing };
  }
  const { mark } = start;
  if (live !== undefined && sameInode(live, mark) && (await holds(live, mark))) {
    if (mark.headLength > 0) {
      return { segments: [{ file: live, resume: mark, live: true }], lost: false, missing };
    }
    const rotated = await findRotated(path, folders);
    const copies = await withoutCopies(copiesSince(rotated, mark), live);
    return { segments: [...whole(copies), ...begun(live, rotated, mark)], lost: false, missing };
  }
  let rotated = await findRotated(path, folders);
  let old = await findOld(rotated, mark);
  if (old === undefined) {
    rotated = await findRotated(path, folders, 'fresh');
    old = await findOld(rotated, mark);
  }
  const since = mark.modifiedMs - (mark.headLength === 0 ? COARSE_MS : 0);
  const copies = mark.headLength === 0 ? copiesSince(rotated, mark) : [];
  const older: FoundFile[] = [];
  const younger: FoundFile[] = [];
  for (const file of await withoutCopies(rotated, live)) {
    if (file === old || (await isTwin(file, old, mark))) continue;
    if (isYounger(file, old, since)) younger.push(file);
    else if (copies.includes(file)) older.push(file);
  }
  const first: Segment[] = old === undefined ? [] : [{ file: old, resume: mark, live: false }];
  const segments = [...whole(older), ...first, ...whole(younger), ...begun(live, rotated)];
  return { segments, lost: old === undefined, missing };
}

const whole = (files: readonly FoundFile[]): readonly Segment[] =>
  files.map((file) => ({ file, live: false }));

/** The live file from its beginning, if there is one. */
function begun(
  file: FoundFile | undefined,
  rotated: readonly FoundFile[],
  mark?: FileMark,
): readonly Segment[] {
  if (file === undefined) return [];
  const beside = new Set(rotated.map(({ inode }) => inode));
  return [{ file, live: true, beside, ...(mark === undefined ? {} : { resume: mark }) }];
}

/** Whether a file was rotated, or copied, since the plan was made with which a live file is begun. */
export async function isRotatedSince(
  path: string,
  { file, beside }: Segment,
  folders: Folders,
): Promise<boolean> {
  if (beside === undefined) return false;
  const rotated = await findRotated(path, folders);
  return rotated.some(({ inode }) => inode !== file.inode && !beside.has(inode));
}

/** Of a file that was not read yet, a truncation cannot be seen: copies that were made since hold what it took. */
function copiesSince(rotated: readonly FoundFile[], mark: FileMark): readonly FoundFile[] {
  const foundMs = Number(BigInt(mark.readAt) / 1_000_000n);
  return rotated.filter(
    (file) =>
      isMadeSince(file, foundMs) &&
      file.modifiedMs > mark.modifiedMs - COARSE_MS &&
      rotationTime(file.path) === undefined,
  );
}

/** A copy that is being made holds nothing that the live file does not; that is truncated afterwards. */
async function withoutCopies(
  rotated: readonly FoundFile[],
  live: FoundFile | undefined,
): Promise<readonly FoundFile[]> {
  if (live === undefined) return rotated;
  const others: FoundFile[] = [];
  for (const file of rotated) if (!(await isCopyOf(file, live))) others.push(file);
  return others;
}

async function isCopyOf(copy: FoundFile, live: FoundFile): Promise<boolean> {
  if (copy.compressed || live.compressed || copy.size > live.size) return false;
  const length = Math.min(HEAD_LENGTH, copy.size);
  const from = copy.size - length;
  const [copied, own] = [await readRange(copy, 0, length), await readRange(live, 0, length)];
  if (!copied.equals(own)) return false;
  return (await readRange(copy, from, length)).equals(await readRange(live, from, length));
}

/** Lumberjack's names: they are given once, and its compressed files do not keep the time of the plain ones. */
const NAMED_BY_TIME = /\d{4}-\d{2}-\d{2}T[^/]*\.gz$/;

/**
 * Rotated files that were not there before, oldest first. They are younger than those that were: to rename or
 * compress one of these makes no new one.
 */
function rotatedSince(
  rotated: readonly FoundFile[],
  before: readonly FoundFile[],
): readonly FoundFile[] {
  const newest = Math.max(...before.map(({ modifiedMs }) => modifiedMs));
  const known = new Set(before.map(identity));
  const paths = new Set(before.map((file) => file.path));
  return rotated.filter(
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
  // Of what was not read yet no content is known, but gzip keeps the time.
  if (mark.headLength > 0) return undefined;
  return others.find(
    ({ compressed, modifiedMs }) =>
      compressed && Math.abs(modifiedMs - mark.modifiedMs) < COARSE_MS,
  );
}

/** A compressed or copied form of the file that was read already must not be read again. */
async function isTwin(
  file: FoundFile,
  old: FoundFile | undefined,
  mark: FileMark,
): Promise<boolean> {
  return old !== undefined && file.compressed && (await holds(file, mark));
}

function isYounger(file: FoundFile, old: FoundFile | undefined, since: number): boolean {
  return old === undefined ? file.modifiedMs > since : byAge(old, file) < 0;
}
