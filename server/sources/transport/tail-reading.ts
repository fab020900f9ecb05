import type { Checkpoint } from '../../core/flow.ts';
import { digest, HEAD_LENGTH, printMark, type FileMark } from './file-mark.ts';
import { createLineSplitter, type LineSplitter, type SplitLine } from './line-splitter.ts';
import type { FoundFile } from './log-files.ts';
import type { Segment } from './tail-plan.ts';

export type TailedLines = {
  readonly lines: readonly SplitLine[];
  /** Names the file of these lines: stable for as long as the file exists. */
  readonly file: string;
  /** Resume after these lines. */
  readonly checkpoint: Checkpoint;
  /** Set where the file that was being read vanished with content unread: when it was last read. */
  readonly lostSince: bigint | undefined;
  /** A rotated file whose reading began anew: it may have been read before under another name. */
  readonly mayRepeat: boolean;
};

/** Lines handed over at once: what one commit may hold. */
const LINES = 8192;

/** What a reader carries from file to file. */
export type Tail = {
  mark: FileMark | undefined;
  /** When the content that a truncation took away may have begun. */
  unreadSince: bigint | undefined;
  /** The same, once it is certain that no copy has it; told with the next lines. */
  lostSince: bigint | undefined;
};

/** One file being read. */
export type Reading = {
  readonly file: FoundFile;
  readonly splitter: LineSplitter;
  readonly mayRepeat: boolean;
  readonly readRange: (from: number, length: number) => Promise<Buffer>;
  headLength: number;
  head: string;
  fingerprint: string;
  modifiedMs: number;
};

/** Begins a file, or goes on where the plan says; `read` reads its content at a position. */
export async function startReading(
  lineLimit: number,
  { file, live, resume }: Segment,
  read: Reading['readRange'],
): Promise<Reading> {
  const offset = resume?.offset ?? 0;
  const beforeLength = resume?.beforeLength ?? 0;
  const before = await read(offset - beforeLength, beforeLength);
  return {
    file,
    splitter: createLineSplitter({ limit: lineLimit, offset, before }),
    mayRepeat: !live && resume === undefined,
    readRange: read,
    headLength: 0,
    head: '',
    fingerprint: '',
    modifiedMs: file.modifiedMs,
  };
}

/** Whether the bytes before our position are still those that we read: a copy-truncated file may have grown. */
export async function unchanged({ splitter, readRange: read }: Reading): Promise<boolean> {
  const before = splitter.before();
  const now = await read(splitter.offset() - before.length, before.length);
  return now.equals(before);
}

/** Hands over the complete lines that have come. */
export async function* handOver(
  now: () => bigint,
  reading: Reading,
  tail: Tail,
): AsyncGenerator<TailedLines> {
  for (;;) {
    const lines = reading.splitter.take(LINES);
    if (lines.length === 0) return;
    yield await handed(now, reading, tail, lines);
  }
}

/** What is left of a rotated file has no newline and never will. */
export async function* handOverRest(
  now: () => bigint,
  reading: Reading,
  tail: Tail,
): AsyncGenerator<TailedLines> {
  const line = reading.splitter.takeRest();
  if (line !== undefined) yield await handed(now, reading, tail, [line]);
}

async function handed(
  now: () => bigint,
  reading: Reading,
  tail: Tail,
  lines: readonly SplitLine[],
): Promise<TailedLines> {
  const { file, splitter } = reading;
  if (reading.headLength < HEAD_LENGTH) await readHead(reading);
  const before = splitter.before();
  tail.mark = {
    device: file.device,
    inode: file.inode,
    headLength: reading.headLength,
    head: reading.head,
    offset: splitter.offset(),
    beforeLength: before.length,
    before: digest(before),
    modifiedMs: reading.modifiedMs,
    readAt: String(now()),
  };
  const { lostSince } = tail;
  tail.lostSince = undefined;
  return {
    lines,
    file: `${file.device}:${file.inode}:${reading.fingerprint}`,
    checkpoint: printMark(tail.mark),
    lostSince,
    mayRepeat: reading.mayRepeat,
  };
}

/** The beginning grows until it is a kilobyte long. Its first line is complete by now, and names the file. */
async function readHead(reading: Reading): Promise<void> {
  const head = await reading.readRange(0, Math.min(HEAD_LENGTH, reading.splitter.offset()));
  reading.headLength = head.length;
  reading.head = digest(head);
  const newline = head.indexOf(0x0a);
  reading.fingerprint = digest(newline < 0 ? head : head.subarray(0, newline));
}
