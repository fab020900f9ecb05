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
  /** Up to 64 bytes that were pushed last. */
  readonly last: () => Buffer;
};

/** Bytes before the resume position that prove it is still the same file. */
const BEFORE_LENGTH = 64;
const SAMPLE_LENGTH = 1024;
const NEWLINE = 0x0a;

/** A line longer than the limit while it passes: its beginning, what stood before it, its length up to now. */
type Skipping = { readonly head: Buffer; readonly before: Buffer; length: number };

/** Cuts a stream of bytes into lines. A line longer than `limit` is skipped as it comes, not held. */
export function createLineSplitter(options: {
  readonly limit: number;
  readonly offset: number;
  readonly before: Buffer;
}): LineSplitter {
  const { limit } = options;
  let { offset } = options;
  /** The last bytes that were taken, then those that were not. */
  let held = options.before;
  let at = held.length;
  let skipping: Skipping | undefined;

  const before = (): Buffer => held.subarray(Math.max(0, at - BEFORE_LENGTH), at);
  const skipOn = (passed: Skipping): SplitLine | undefined => {
    const newline = held.indexOf(NEWLINE, at);
    const end = newline < 0 ? held.length : newline + 1;
    passed.length += end - at;
    at = end;
    if (newline < 0) return undefined;
    skipping = undefined;
    const line = { bytes: passed.head, offset, oversized: true };
    offset += passed.length;
    return line;
  };
  const next = (): SplitLine | undefined => {
    if (skipping !== undefined) return skipOn(skipping);
    const newline = held.indexOf(NEWLINE, at);
    const length = (newline < 0 ? held.length : newline) - at;
    if (newline < 0 && length <= limit) return undefined;
    if (length > limit) {
      const head = Buffer.from(held.subarray(at, at + SAMPLE_LENGTH));
      skipping = { head, before: Buffer.from(before()), length: 0 };
      return skipOn(skipping);
    }
    const line = { bytes: held.subarray(at, newline), offset, oversized: false };
    at = newline + 1;
    offset += length + 1;
    return line;
  };
  return {
    push: (chunk) => {
      const from = Math.max(0, at - BEFORE_LENGTH);
      held = Buffer.concat([held.subarray(from), chunk]);
      at -= from;
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
      const bytes = skipping?.head ?? held.subarray(at);
      const length = held.length - at + (skipping?.length ?? 0);
      if (length === 0) return undefined;
      const line = { bytes, offset, oversized };
      at = held.length;
      skipping = undefined;
      offset += length;
      return line;
    },
    offset: () => offset,
    before: () => skipping?.before ?? before(),
    last: () => held.subarray(Math.max(0, held.length - BEFORE_LENGTH)),
  };
}
