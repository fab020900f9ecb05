import { open, type FileHandle } from 'node:fs/promises';
import { unreadMark } from './file-mark.ts';
import {
  findFile,
  findRotated,
  foundFile,
  isMadeSince,
  isSame,
  type FoundFile,
} from './log-files.ts';
import { readCompressedSegment } from './tail-compressed.ts';
import type { Folders } from './tail-folders.ts';
import { isRotatedSince, planTail, type Segment, type TailPlan } from './tail-plan.ts';
import {
  handOver,
  handOverRest,
  push,
  startReading,
  unchanged,
  type Outcome,
  type Steps,
  type Tail,
} from './tail-reading.ts';

export type FollowOptions = {
  readonly path: string;
  /** Longest line in bytes; longer ones are handed over as `oversized`. */
  readonly lineLimit: number;
  /** Nanoseconds since 1970. */
  readonly now: () => bigint;
  readonly folders: Folders;
  /** Of a file without a mark: what was rotated before then is left alone; 0: all that is there at the start. */
  readonly resumedAtMs: number;
  /** Whether to end once what is left has been read, since the file is gone for good. */
  readonly closing: () => boolean;
};

const CHUNK = 1024 * 1024;
const NOTHING = Buffer.alloc(0);
/** A writer may go on in a renamed file until it is told of the rotation. */
const QUIET_LOOKS = 2;

/**
 * Follows a file line by line across rotations by rename, copy and truncation, and compression, one step at a
 * time: whoever asks for the steps decides when to look again. Lines are complete; the last one of a rotated
 * file may lack its newline. Without a mark it begins with the live file: what was rotated before can be
 * imported. `tail` is all its state: it may be left at any step and followed anew. Ends only when `closing`.
 */
export async function* followFile(options: FollowOptions, tail: Tail): Steps<void> {
  // Until it is clear that the file is still the one we read, all since then may be lost.
  if (tail.mark !== undefined) tail.unreadSince ??= tail.lookedAt;
  for (;;) {
    const plan = await nextPlan(options, tail);
    // Without a file to go on with, the one that we read may still come back under its name.
    if (plan.segments.length > 0) {
      if (plan.lost) tail.lostSince ??= tail.unreadSince;
      tail.unreadSince = undefined;
    }
    let waitFor = plan.missing;
    let later = plan.segments.reduce((sum, { file }) => sum + file.size, 0);
    for (const segment of plan.segments) {
      later -= segment.file.size;
      const outcome = yield* readSegment(options, segment, tail, later);
      if (outcome.kind === 'read') {
        tail.mayRepeat = false;
        continue;
      }
      waitFor = undefined;
      if (outcome.kind === 'changed') tail.unreadSince ??= tail.lookedAt;
      else {
        waitFor = outcome.reason;
        tail.unread = segment.file.size - (segment.resume?.offset ?? 0) + later;
      }
      break;
    }
    if (waitFor === undefined) {
      yield { kind: 'more' };
      continue;
    }
    tail.seen = undefined;
    if (plan.segments.length === 0) tail.unread = 0;
    if (options.closing()) return;
    yield { kind: 'idle', waitingFor: waitFor };
  }
}

/**
 * Until something was read, remembers what lay rotated at the start, so that nothing rotated since is passed over.
 * A file that is there at the start gets its mark at once, for the same reason.
 */
async function nextPlan(options: FollowOptions, tail: Tail): Promise<TailPlan> {
  const { path, folders, resumedAtMs } = options;
  if (tail.mark !== undefined) return planTail(path, { kind: 'mark', mark: tail.mark }, folders);
  try {
    const rotated = tail.before ?? (await findRotated(path, folders));
    tail.before ??= rotated.filter((file) => resumedAtMs === 0 || !isMadeSince(file, resumedAtMs));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === undefined) throw error;
    return { segments: [], lost: false, missing: `${path} cannot be read: ${code}` };
  }
  const plan = await planTail(path, { kind: 'first', before: tail.before }, folders);
  const [first] = plan.segments;
  if (first?.live === true) tail.mark = unreadMark(first.file, tail.lookedAt);
  return plan;
}

async function* readSegment(
  options: FollowOptions,
  segment: Segment,
  tail: Tail,
  later: number,
): Steps<Outcome> {
  let handle: FileHandle;
  try {
    handle = await open(segment.file.path, 'r');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === undefined) throw error;
    if (code === 'ENOENT') return { kind: 'changed' };
    return { kind: 'closed', reason: `${segment.file.path} cannot be opened: ${code}` };
  }
  try {
    const { ino } = await handle.stat({ bigint: true });
    if (String(ino) !== segment.file.inode) return { kind: 'changed' };
    if (segment.file.compressed) {
      return yield* readCompressedSegment(options, segment, tail, later);
    }
    return yield* readOpen(options, segment, tail, handle, later);
  } finally {
    await handle.close();
  }
}

/** Reads a plain file: a rotated one to its end, the live one until another file stands at its path. */
async function* readOpen(
  options: FollowOptions,
  segment: Segment,
  tail: Tail,
  handle: FileHandle,
  later: number,
): Steps<Outcome> {
  const reading = await startReading(options.lineLimit, segment, tail, (from, length) =>
    readAt(handle, from, length),
  );
  if (reading === undefined) return { kind: 'changed' };
  let checkedAt = options.now();
  let quiet = 0;
  let before = segment.file;
  for (;;) {
    const present = foundFile(segment.file.path, await handle.stat({ bigint: true }));
    const { position } = reading;
    const wanted = Math.min(CHUNK, Math.max(0, present.size - position));
    const chunk = await readAt(handle, position, wanted);
    const untouched = isSame(before, present) && wanted === 0;
    const shrunk = present.size < Math.max(position, before.size);
    if (shrunk || (!untouched && !(await unchanged(reading)))) {
      // Truncated in place, and perhaps as long as before by now. What was written since the last look is gone,
      // unless a copy has it.
      tail.unreadSince = checkedAt;
      return { kind: 'changed' };
    }
    if (reading.position === 0 && chunk.length > 0) {
      if (await isRotatedSince(options.path, segment, options.folders)) return { kind: 'changed' };
    }
    reading.modifiedMs = present.modifiedMs;
    before = present;
    if (chunk.length > 0) {
      quiet = 0;
      push(reading, chunk);
      tail.unread = Math.max(0, present.size - reading.position) + later;
      yield* handOver(reading, tail);
      continue;
    }
    checkedAt = options.now();
    noteEnd(segment, tail, present, checkedAt, later);
    const look = segment.live ? await lookAgain(options, segment.file) : REPLACED;
    const over = look.replaced ? ++quiet >= quietLooks(segment) : look.gone && options.closing();
    if (over) {
      yield* handOverRest(reading, tail);
      return { kind: 'read' };
    }
    yield { kind: 'idle', waitingFor: look.waitingFor };
  }
}

function noteEnd(segment: Segment, tail: Tail, file: FoundFile, at: bigint, later: number): void {
  tail.unread = later;
  if (later === 0) tail.lookedAt = at;
  tail.seen = segment.live ? file : undefined;
}

/** Of what was rotated earlier than the file that we were reading, the writer knows. */
const quietLooks = ({ live, resume }: Segment): number =>
  live || resume !== undefined ? QUIET_LOOKS : 1;

async function readAt(handle: FileHandle, from: number, length: number): Promise<Buffer> {
  if (length === 0) return NOTHING;
  const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(length), 0, length, from);
  return buffer.subarray(0, bytesRead);
}

type Look = {
  readonly replaced: boolean;
  readonly gone: boolean;
  readonly waitingFor: string | undefined;
};

const REPLACED: Look = { replaced: true, gone: false, waitingFor: undefined };

/** While nothing stands at the path the open file is kept: its writer may not be done with it. */
async function lookAgain({ path }: FollowOptions, file: FoundFile): Promise<Look> {
  const lookup = await findFile(path);
  if (!lookup.ok) return { replaced: false, gone: true, waitingFor: lookup.reason };
  const same = lookup.file.inode === file.inode && lookup.file.device === file.device;
  return { replaced: !same, gone: false, waitingFor: undefined };
}
