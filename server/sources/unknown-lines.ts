import type { DecodedLine } from './line-decoder.ts';
import { KNOWN_FORMATS } from './line-format.ts';

/** Notices that what a source reads is none of the formats that are known. */
export type UnknownLines = {
  readonly note: (decoded: DecodedLine, line: UnknownLine) => void;
  /** One sentence for a person; `undefined` when the lines that came last were known ones. */
  readonly told: () => string | undefined;
};

export type UnknownLine = {
  readonly path: string;
  readonly offset: number;
  readonly bytes: Uint8Array;
};

/** So many lines in a row, or all there are: one bad line says nothing of a file. */
const IN_A_ROW = 3;
const SAMPLE_LENGTH = 60;

export function createUnknownLines(): UnknownLines {
  let knownBefore = false;
  let count = 0;
  let first: (UnknownLine & { readonly reason: string }) | undefined;
  return {
    note: ({ format, rejected }, line) => {
      if (format !== undefined) {
        knownBefore = true;
        count = 0;
        first = undefined;
      } else if (rejected !== undefined) {
        count += 1;
        first ??= { ...line, bytes: line.bytes.slice(0, SAMPLE_LENGTH * 4), reason: rejected };
      }
    },
    told: () => {
      if (first === undefined || (knownBefore && count < IN_A_ROW)) return undefined;
      const { path, offset, reason, bytes } = first;
      const lines = count === 1 ? 'a line' : `${count} lines`;
      return (
        `${lines} of no known format since byte ${offset} of ${path} (${reason}: ${sampleOf(bytes)}); ` +
        `known are ${KNOWN_FORMATS}`
      );
    },
  };
}

function sampleOf(bytes: Uint8Array): string {
  const text = Buffer.from(bytes)
    .toString('utf8')
    .replace(/\p{Cc}/gu, '�');
  return text.length > SAMPLE_LENGTH ? `${text.slice(0, SAMPLE_LENGTH)}…` : text;
}
