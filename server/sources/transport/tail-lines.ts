import { open, type FileHandle } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import type { Checkpoint } from '../../core/flow.ts';
import { parseMark } from './file-mark.ts';
import { findFile, findRotated, readCompressed, readRange, type FoundFile } from './log-files.ts';
import { planTail, type Segment, type TailPlan } from './tail-plan.ts';
import {
  handOver,
  handOverRest,
  startReading,
  unchanged,
  type Tail,
  type TailedLines,
} from './tail-reading.ts';

export type TailOptions = {
  readonly path: string;
  /** Longest line in bytes; longer ones are handed over as `oversized`. */
  readonly lineLimit: number;
  /** Nanoseconds since 1970. */
  readonly now: () => bigint;
  /** Time between looks at a file that has nothing new; 200 ms unless told. */
  readonly pollMs?: number;
  /** Called with a reason when there is no file to read, with `undefined` when there is; and the bytes unread. */
  readonly onState: (waitingFor: string | undefined, bytesBehind: number) => void;
};

const CHUNK = 1024 * 1024;
/** A writer may go on in a renamed file until it is told of the rotation. */
const QUIET_POLLS = 2;

/**
 * Follows a file line by line across rotations by rename, copy and truncation, and compression. Lines are
 * complete; the last one of a rotated file may lack its newline. Without a checkpoint it begins with the live
 * file: what was rotated before can be imported. Ends when the signal aborts.
 */
export async function* tailLines(
  options: TailOptions,
  after: Checkpoint | undefined,
  signal: AbortSignal,
): AsyncGenerator<TailedLines> {
  const mark = after === undefined ? undefined : parseMark(after);
  // Until it is clear that the file is still the one we read, all since then may be lost.
  const unreadSince = mark === undefined ? undefined : BigInt(mark.readAt);
  const tail: Tail = { mark, unreadSince, lostSince: undefined };
  const nextPlan = createPlanner(options.path, tail);
  while (!signal.aborted) {
    const plan = await nextPlan();
    // Without a file to go on with, the one that we read may still come back under its name.
    if (plan.segments.length > 0) {
      if (plan.lost) tail.lostSince ??= tail.unreadSince;
      tail.unreadSince = undefined;
    }
    let waitFor = plan.missing;
    for (const segment of plan.segments) {
      const outcome = yield* readSegment(options, segment, tail, signal);
      if (outcome.kind === 'read') continue;
      waitFor = outcome.kind === 'closed' ? outcome.reason : undefined;
      break;
    }
    if (waitFor === undefined) continue;
    options.onState(waitFor, 0);
    await rest(options, signal);
  }
}

/** Until something was read, remembers what lay rotated at the start, so that nothing rotated since is passed over. */
function createPlanner(path: string, tail: Tail): () => Promise<TailPlan> {
  let before: readonly FoundFile[] | undefined;
  return async () => {
    if (tail.mark !== undefined) return planTail(path, { kind: 'mark', mark: tail.mark });
    try {
      before ??= await findRotated(path);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === undefined) throw error;
      return { segments: [], lost: false, missing: `${path} cannot be read: ${code}` };
    }
    return planTail(path, { kind: 'first', before });
  };
}

/** The compiler takes a signal that was not aborted for one that never is. */
const isAborted = (signal: AbortSignal): boolean => signal.aborted;

async function rest({ pollMs = 200 }: TailOptions, signal: AbortSignal): Promise<void> {
  await pause(pollMs, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}

type Outcome =
  | { readonly kind: 'read' }
  /** Another file has the name by now: a new plan is due. */
  | { readonly kind: 'changed' }
  /** It is tried again, since rights and mounts come back. */
  | { readonly kind: 'closed'; readonly reason: string };

async function* readSegment(
  options: TailOptions,
  segment: Segment,
  tail: Tail,
  signal: AbortSignal,
): AsyncGenerator<TailedLines, Outcome> {
  if (segment.file.compressed) {
    yield* readOnce(options, segment, tail, signal);
    return { kind: 'read' };
  }
  let handle: FileHandle;
  try {
    handle = await open(segment.file.path, 'r');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === undefined) throw error;
    return { kind: 'closed', reason: `${segment.file.path} cannot be opened: ${code}` };
  }
  try {
    const { ino } = await handle.stat({ bigint: true });
    if (String(ino) !== segment.file.inode) return { kind: 'changed' };
    yield* readOpen(options, segment, tail, handle, signal);
  } finally {
    await handle.close();
  }
  return { kind: 'read' };
}

/** Reads a plain file: a rotated one to its end, the live one until another file stands at its path. */
async function* readOpen(
  options: TailOptions,
  segment: Segment,
  tail: Tail,
  handle: FileHandle,
  signal: AbortSignal,
): AsyncGenerator<TailedLines> {
  const reading = await startReading(options.lineLimit, segment, (from, length) =>
    readAt(handle, from, length),
  );
  let position = reading.splitter.offset();
  let checkedAt = options.now();
  let quiet = 0;
  while (!signal.aborted) {
    const { size, mtimeMs } = await handle.stat();
    if (size < position || !(await unchanged(reading))) {
      // Truncated in place, and perhaps as long as before by now. What was written since the last look is gone,
      // unless a copy has it.
      tail.unreadSince = checkedAt;
      return;
    }
    reading.modifiedMs = mtimeMs;
    while (position < size && !isAborted(signal)) {
      const chunk = await readAt(handle, position, CHUNK);
      if (chunk.length === 0) break;
      position += chunk.length;
      quiet = 0;
      reading.splitter.push(chunk);
      options.onState(undefined, Math.max(0, size - position));
      yield* handOver(options.now, reading, tail);
    }
    if (position < size) continue;
    checkedAt = options.now();
    const state = segment.live ? await lookAgain(options, segment.file) : 'replaced';
    if (state === 'replaced' && (!segment.live || ++quiet >= QUIET_POLLS)) {
      yield* handOverRest(options.now, reading, tail);
      return;
    }
    await rest(options, signal);
  }
}

async function readAt(handle: FileHandle, from: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(length), 0, length, from);
  return buffer.subarray(0, bytesRead);
}

/** While nothing stands at the path the open file is kept: its writer may not be done with it. */
async function lookAgain(options: TailOptions, file: FoundFile): Promise<'same' | 'replaced'> {
  const lookup = await findFile(options.path);
  if (!lookup.ok) {
    options.onState(lookup.reason, 0);
    return 'same';
  }
  options.onState(undefined, 0);
  const same = lookup.file.inode === file.inode && lookup.file.device === file.device;
  return same ? 'same' : 'replaced';
}

/** Reads a compressed file, which does not grow. */
async function* readOnce(
  options: TailOptions,
  segment: Segment,
  tail: Tail,
  signal: AbortSignal,
): AsyncGenerator<TailedLines> {
  const { file } = segment;
  const reading = await startReading(options.lineLimit, segment, (from, length) =>
    readRange(file, from, length),
  );
  for await (const { bytes, cut } of readCompressed(file.path, reading.splitter.offset())) {
    if (signal.aborted) return;
    if (cut) tail.lostSince ??= options.now();
    reading.splitter.push(bytes);
    yield* handOver(options.now, reading, tail);
  }
  yield* handOverRest(options.now, reading, tail);
}
