import { digest, HEAD_LENGTH, type FileMark } from './file-mark.ts';
import { createLineSplitter, type LineSplitter, type SplitLine } from './line-splitter.ts';
import type { FoundFile } from './log-files.ts';
import type { Segment } from './tail-plan.ts';

export type TailedLines = {
  readonly lines: readonly SplitLine[];
  /** Where they were found, for people: the file may have been renamed since. */
  readonly path: string;
  /** Names the file of these lines: stable for as long as the file exists. */
  readonly file: string;
  /** Set where the file that was being read vanished with content unread: when it was last read. */
  readonly lostSince: bigint | undefined;
  /** A rotated file whose reading began anew: it may have been read before under another name. */
  readonly mayRepeat: boolean;
};

/** What following a file comes to, step by step. */
export type TailStep =
  | { readonly kind: 'lines'; readonly tailed: TailedLines }
  /** A part of a long line: there is more to read at once. */
  | { readonly kind: 'more' }
  /** Nothing to read now; `waitingFor` tells why there is no file to read. */
  | { readonly kind: 'idle'; readonly waitingFor: string | undefined };

export type Steps<Result> = AsyncGenerator<TailStep, Result>;

/** How the reading of one file ended. */
export type Outcome =
  | { readonly kind: 'read' }
  /** Another file has the name by now: a new plan is due. */
  | { readonly kind: 'changed' }
  /** It is tried again, since rights and mounts come back. */
  | { readonly kind: 'closed'; readonly reason: string };

/** Lines handed over at once: what one commit may hold. */
export const MOST_LINES = 8192;

/** What is known of one followed file. It is all that is kept of one that is not open. */
export type Tail = {
  mark: FileMark | undefined;
  /** Rotated files at the first start, which are left alone; until something was read. */
  before: readonly FoundFile[] | undefined;
  /** When the content that a truncation took away may have begun. */
  unreadSince: bigint | undefined;
  /** The same, once it is certain that no copy has it; told with the next lines. */
  lostSince: bigint | undefined;
  /** The live file as it was when nothing of it was unread. */
  seen: FoundFile | undefined;
  /** When that was; before, when it was found. */
  lookedAt: bigint;
  /** Bytes that are known to lie unread. */
  unread: number;
  /** It is not certain that this file was never read under another name. */
  mayRepeat: boolean;
};

export function createTail(mark: FileMark | undefined, lookedAt: bigint): Tail {
  return {
    mark,
    before: undefined,
    unreadSince: undefined,
    lostSince: undefined,
    seen: undefined,
    lookedAt,
    unread: 0,
    mayRepeat: false,
  };
}

/** One file being read. */
export type Reading = {
  readonly file: FoundFile;
  readonly splitter: LineSplitter;
  readonly mayRepeat: boolean;
  readonly readRange: (from: number, length: number) => Promise<Buffer>;
  /** The beginning of the file, up to a kilobyte of what was read. */
  head: Buffer;
  fingerprint: string;
  modifiedMs: number;
  /** Position after the bytes that were read: further than the lines that were handed over. */
  position: number;
};

/**
 * Begins a file, or goes on where the plan says; `read` reads its content at a position. Answers `undefined` when
 * it is not the file of the plan any more.
 */
export async function startReading(
  lineLimit: number,
  { file, live, resume }: Segment,
  tail: Tail,
  read: Reading['readRange'],
): Promise<Reading | undefined> {
  const { offset, beforeLength, headLength } = resume ?? NOTHING_READ;
  const before = await read(offset - beforeLength, beforeLength);
  const head = await read(0, Math.min(HEAD_LENGTH, offset));
  if (resume !== undefined) {
    const told = digest(head.subarray(0, headLength)).startsWith(resume.head);
    if (!told || !digest(before).startsWith(resume.before)) return undefined;
  }
  return {
    file,
    splitter: createLineSplitter({ limit: lineLimit, offset, before }),
    mayRepeat: tail.mayRepeat || (!live && resume === undefined),
    readRange: read,
    head,
    fingerprint: '',
    modifiedMs: file.modifiedMs,
    position: offset,
  };
}

const NOTHING_READ = { offset: 0, beforeLength: 0, headLength: 0 } as const;

/** Takes what was read at the position. */
export function push(reading: Reading, chunk: Buffer): void {
  const missing = HEAD_LENGTH - reading.head.length;
  if (missing > 0) reading.head = Buffer.concat([reading.head, chunk.subarray(0, missing)]);
  reading.position += chunk.length;
  reading.splitter.push(chunk);
}

/**
 * Whether the file still begins as it did, and the bytes before our position are those that we read: a
 * copy-truncated file may have grown since. What is read is good only when this holds afterwards.
 */
export async function unchanged({
  splitter,
  position,
  head,
  readRange: read,
}: Reading): Promise<boolean> {
  const last = splitter.last();
  const [before, beginning] = await Promise.all([
    read(position - last.length, last.length),
    read(0, head.length),
  ]);
  return before.equals(last) && beginning.equals(head);
}

/** Hands over the complete lines that have come; `more` when there are none yet. */
export function* handOver(reading: Reading, tail: Tail): Generator<TailStep, void> {
  for (let first = true; ; first = false) {
    const lines = reading.splitter.take(MOST_LINES);
    if (lines.length > 0) yield handed(reading, tail, lines);
    else if (first) yield { kind: 'more' };
    if (lines.length < MOST_LINES) return;
  }
}

/** What is left of a rotated file has no newline and never will. */
export function* handOverRest(reading: Reading, tail: Tail): Generator<TailStep, void> {
  const line = reading.splitter.takeRest();
  if (line !== undefined) yield handed(reading, tail, [line]);
}

function handed(reading: Reading, tail: Tail, lines: readonly SplitLine[]): TailStep {
  const { file, splitter } = reading;
  if (reading.fingerprint === '') reading.fingerprint = fingerprintOf(reading.head);
  const head = reading.head.subarray(0, splitter.offset());
  const before = splitter.before();
  tail.before = undefined;
  tail.mark = {
    device: file.device,
    inode: file.inode,
    headLength: head.length,
    head: digest(head),
    offset: splitter.offset(),
    beforeLength: before.length,
    before: digest(before),
    modifiedMs: reading.modifiedMs,
    readAt: String(tail.lookedAt),
  };
  const { lostSince } = tail;
  tail.lostSince = undefined;
  const { device, inode, path } = file;
  const name = `${device}:${inode}:${reading.fingerprint}`;
  const { mayRepeat } = reading;
  return { kind: 'lines', tailed: { lines, path, file: name, lostSince, mayRepeat } };
}

/** Its first line is complete by now, and names the file. */
function fingerprintOf(head: Buffer): string {
  const newline = head.indexOf(0x0a);
  return digest(newline < 0 ? head : head.subarray(0, newline));
}
