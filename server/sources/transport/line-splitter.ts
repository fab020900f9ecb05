/** One line without its line ending, and where it began. */
export type SplitLine = {
  readonly bytes: Buffer;
  readonly offset: number;
  /** Longer than the limit: `bytes` is only its beginning. */
  readonly oversized: boolean;
};

export type LineSplitter = {
  readonly push: (chunk: Buffer) => void;
  /** Up to `most` complete lines that were not taken yet. */
  readonly take: (most: number) => readonly SplitLine[];
  /** The last line when no newline will come any more; `undefined` when nothing is left. */
  readonly takeRest: () => SplitLine | undefined;
  /** Position after the last line that was taken: where reading may resume. */
  readonly offset: () => number;
  /** Up to 64 bytes before that position. */
  readonly before: () => Buffer;
};

/** Bytes before the resume position that prove it is still the same file. */
export const BEFORE_LENGTH = 64;
const SAMPLE_LENGTH = 1024;
const NEWLINE = 0x0a;

/** Cuts a stream of bytes into lines. A line longer than `limit` is skipped as it comes, not held. */
export function createLineSplitter(options: {
  readonly limit: number;
  readonly offset: number;
  readonly before: Buffer;
}): LineSplitter {
  const { limit } = options;
  let held: Buffer = Buffer.alloc(0);
  let { offset, before } = options;
  /** Set while a line longer than the limit passes: its beginning and its length up to now. */
  let skipping: { readonly head: Buffer; length: number } | undefined;

  const consume = (length: number): void => {
    const from = Math.max(0, length - BEFORE_LENGTH);
    before = Buffer.concat([before, held.subarray(from, length)]).subarray(-BEFORE_LENGTH);
    held = held.subarray(length);
  };
  const skipOn = (passed: { readonly head: Buffer; length: number }): SplitLine | undefined => {
    const newline = held.indexOf(NEWLINE);
    const length = newline < 0 ? held.length : newline + 1;
    consume(length);
    passed.length += length;
    if (newline < 0) return undefined;
    skipping = undefined;
    const line = { bytes: passed.head, offset, oversized: true };
    offset += passed.length;
    return line;
  };
  const next = (): SplitLine | undefined => {
    if (skipping !== undefined) return skipOn(skipping);
    const newline = held.indexOf(NEWLINE);
    if (newline < 0 && held.length <= limit) return undefined;
    if (newline < 0 || newline > limit) {
      skipping = { head: Buffer.from(held.subarray(0, SAMPLE_LENGTH)), length: 0 };
      return skipOn(skipping);
    }
    const line = { bytes: held.subarray(0, newline), offset, oversized: false };
    consume(newline + 1);
    offset += newline + 1;
    return line;
  };
  return {
    push: (chunk) => {
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    },
    take: (most) => {
      const lines: SplitLine[] = [];
      while (lines.length < most) {
        const line = next();
        if (line === undefined) break;
        lines.push(line);
      }
      return lines;
    },
    takeRest: () => {
      const oversized = skipping !== undefined;
      const bytes = skipping?.head ?? held;
      const length = held.length + (skipping?.length ?? 0);
      if (length === 0) return undefined;
      const line = { bytes, offset, oversized };
      consume(held.length);
      skipping = undefined;
      offset += length;
      return line;
    },
    offset: () => offset,
    before: () => before,
  };
}
