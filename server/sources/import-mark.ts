import { createHash } from 'node:crypto';
import type { Checkpoint } from '../core/flow.ts';
import { isObject } from './decode/loose-json.ts';

/**
 * How far a file was imported, and what it held up to there. Lengths and offsets are those of the content, after
 * decompression, so that a compressed copy is the same file.
 */
export type ImportMark = {
  /** Tells these checkpoints from those of other sources. */
  readonly kind: 'import';
  /** Bytes that were read, and their hash. */
  readonly size: number;
  readonly digest: string;
  /** Hashes of the first 64, 128, 256, … bytes: they know a copy that is shorter. */
  readonly steps: readonly string[];
  /** Where the first line begins that was not imported, or that had no end yet. */
  readonly resume: number;
  /** Whether the file ended at `size`; its last line was imported then, also without an end. */
  readonly ended: boolean;
  /** Flows among the lines up to there. */
  readonly flows: number;
  /** Of those lines, for people. */
  readonly format: string;
  /** Receipt of the first of them, in nanoseconds since 1970 as text. */
  readonly since: string;
};

export function printImportMark(mark: ImportMark): Checkpoint {
  return JSON.stringify(mark) as Checkpoint;
}

/** Answers `undefined` for the checkpoint of another kind of source. */
export function parseImportMark(checkpoint: Checkpoint): ImportMark | undefined {
  try {
    const value: unknown = JSON.parse(checkpoint);
    return isObject(value) && value['kind'] === 'import' ? (value as ImportMark) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

export const FIRST_STEP = 64;

/** Hash of the beginning of a content, as it comes. */
export type ContentHash = {
  readonly push: (part: Uint8Array) => void;
  /** Bytes that were pushed. */
  readonly length: () => number;
  readonly digest: () => string;
  /** Hash of the first so many bytes: one of `stops` that was reached. */
  readonly digestAt: (stop: number) => string | undefined;
  readonly steps: () => readonly string[];
};

export function createContentHash(stops: readonly number[] = []): ContentHash {
  const hash = createHash('sha256');
  const waiting = [...new Set(stops)].sort((one, other) => one - other);
  const reached = new Map<number, string>();
  const steps: string[] = [];
  let length = 0;
  let nextStep = FIRST_STEP;

  const digest = (): string => hash.copy().digest('hex').slice(0, 32);
  const note = (): void => {
    if (length === waiting[0]) {
      reached.set(length, digest());
      waiting.shift();
    }
    if (length === nextStep) {
      steps.push(digest());
      nextStep *= 2;
    }
  };
  return {
    push: (part) => {
      let from = 0;
      while (from < part.length) {
        const stop = Math.min(nextStep, waiting[0] ?? nextStep);
        const to = Math.min(part.length, from + stop - length);
        hash.update(part.subarray(from, to));
        length += to - from;
        from = to;
        note();
      }
    },
    length: () => length,
    digest,
    digestAt: (stop) => reached.get(stop),
    steps: () => steps,
  };
}
