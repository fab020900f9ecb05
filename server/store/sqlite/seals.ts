import { createHash } from 'node:crypto';
import { decompressBlock } from '../../columns/block-format.ts';
import type { SetName } from './set-tables.ts';
import { readSections } from './raw.ts';
import { createSlices } from './turns.ts';

/** Version of the two canonical forms below; docs/block-format.md describes them. */
export const SEAL_FORMAT = 1;

/** What the first seal of a chain names as its predecessor. */
export const NO_SEAL = '0'.repeat(64);

/** Stands for the content of a block that was damaged before it could be sealed. */
export const UNREADABLE = 'unreadable';

/** What a seal says of a block, in the order in which it is hashed. */
export type Seal = {
  readonly set: SetName;
  /** From 1 on, without holes. */
  readonly number: number;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly rows: number;
  /** Nanoseconds since 1970. */
  readonly minObserved: bigint;
  readonly maxObserved: bigint;
  /** Events that sources said they lost, told among these flows; always 0 in `drops`, whose chain repeats no gaps. */
  readonly lost: bigint;
  /** Migrations that the store had seen. */
  readonly schema: number;
  readonly format: number;
  /** SHA-256 of the flows and their records, or `unreadable`. */
  readonly content: string;
  /** SHA-256 of the seal before. */
  readonly previous: string;
};

/** The text of which a seal's hash is taken: JSON without spaces, times and losses as decimal text. */
export function canonicalSeal(seal: Seal): string {
  const { set, number, firstSeq, lastSeq, rows, schema, format, content, previous } = seal;
  return JSON.stringify({
    set,
    number,
    firstSeq,
    lastSeq,
    rows,
    minObserved: seal.minObserved.toString(),
    maxObserved: seal.maxObserved.toString(),
    lost: seal.lost.toString(),
    schema,
    format,
    content,
    previous,
  });
}

export const hashSeal = (seal: Seal): string =>
  createHash('sha256').update(canonicalSeal(seal)).digest('hex');

/**
 * SHA-256 over the flows of a block and their records: the block as it would be written without compression, the
 * records one behind the other, a byte of format for each, four bytes of length for each. It depends on the rows
 * alone, not on how they were merged, cut into chunks or compressed.
 */
export async function hashContent(
  columns: Buffer,
  frames: Iterable<Buffer>,
): Promise<{ readonly content: string; readonly records: number }> {
  const hash = createHash('sha256').update(decompressBlock(columns));
  const formats: Buffer[] = [];
  const lengths: Buffer[] = [];
  const turns = createSlices();
  let records = 0;
  for (const frame of frames) {
    const sections = readSections(frame);
    hash.update(sections.records);
    // Copies, so that the records need not stay in memory.
    formats.push(Buffer.from(sections.formats));
    lengths.push(Buffer.from(sections.lengths));
    records += sections.rows;
    await turns.give();
  }
  for (const part of [...formats, ...lengths]) hash.update(part);
  return { content: hash.digest('hex'), records };
}
