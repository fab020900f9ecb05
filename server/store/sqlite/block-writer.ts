import type { Flow } from '../../core/flow.ts';
import type { EpochNanos } from '../../core/time.ts';
import type { VerdictKind } from '../../core/verdict.ts';
import { compressBlock } from '../../columns/block-format.ts';
import { encodeFlows, writeBlock, type EncodedBlock } from '../../columns/encoded-block.ts';
import type { BlockHeader } from './block-set.ts';
import { TABLES, type SetName } from './set-tables.ts';
import type { Connection } from './database.ts';
import { encodeRaw, type RawChunk } from './raw.ts';

/** A block that is encoded and not yet written: what is slow is done before the transaction. */
export type PreparedBlock = {
  readonly header: BlockHeader;
  readonly encoded: EncodedBlock;
  /** As it is stored. */
  readonly columns: Buffer;
  /** The same without compression. */
  readonly plain: Buffer;
  readonly raw: readonly PlacedChunk[];
};

/** A chunk of records and the sequence numbers that it goes from and to. */
export type PlacedChunk = RawChunk & { readonly firstSeq: number; readonly lastSeq: number };

/** Writes the rows of one set. Everything runs inside a transaction. */
export type BlockWriter = {
  insert(header: BlockHeader, columns: Buffer): void;
  insertRaw(chunks: readonly PlacedChunk[]): void;
  /** Deletes blocks, or chunks, that begin in a span; both ends belong to it. */
  deleteBlocks(fromSeq: number, toSeq: number): void;
  deleteRaw(fromSeq: number, toSeq: number): void;
};

/** Encodes neighboring flows as one block from sequence number `firstSeq` on. There is at least one flow. */
export async function prepareBlock(
  flows: readonly Flow[],
  firstSeq: number,
): Promise<PreparedBlock> {
  const raw = encodeRaw(flows.map((flow) => flow.raw));
  const encoded = encodeFlows(flows);
  const plain = writeBlock(encoded);
  const seqAt = (row: number) => firstSeq + row;
  return {
    header: summarizeBlock(flows, seqAt),
    encoded,
    columns: compressBlock(plain),
    plain,
    raw: placeChunks(await raw, seqAt),
  };
}

/** Encodes flows of any sequence numbers, in order, as a block of the drops set. There is at least one. */
export async function prepareDrops(
  flows: readonly Flow[],
  seqs: readonly number[],
): Promise<Omit<PreparedBlock, 'plain'>> {
  const raw = encodeRaw(flows.map((flow) => flow.raw));
  const encoded = encodeFlows(flows, seqs);
  const seqAt = (row: number) => seqs[row] ?? 0;
  return {
    header: summarizeBlock(flows, seqAt),
    encoded,
    columns: compressBlock(writeBlock(encoded)),
    raw: placeChunks(await raw, seqAt),
  };
}

/** Says where chunks stand whose records follow each other; `seqAt` counts from the first of them. */
export function placeChunks(
  chunks: readonly RawChunk[],
  seqAt: (row: number) => number,
): PlacedChunk[] {
  let row = 0;
  return chunks.map((chunk) => {
    const firstSeq = seqAt(row);
    row += chunk.rows;
    return { ...chunk, firstSeq, lastSeq: seqAt(row - 1) };
  });
}

function summarizeBlock(flows: readonly Flow[], seqAt: (row: number) => number): BlockHeader {
  const verdicts: Record<VerdictKind, number> = {
    allowed: 0,
    dropped: 0,
    audit: 0,
    error: 0,
    unknown: 0,
  };
  let minObserved: EpochNanos | undefined;
  let maxObserved: EpochNanos | undefined;
  let maxReceived: EpochNanos | undefined;
  for (const { observedAt, receivedAt, verdict } of flows) {
    verdicts[verdict.kind]++;
    if (minObserved === undefined || observedAt < minObserved) minObserved = observedAt;
    if (maxObserved === undefined || observedAt > maxObserved) maxObserved = observedAt;
    if (maxReceived === undefined || receivedAt > maxReceived) maxReceived = receivedAt;
  }
  if (minObserved === undefined || maxObserved === undefined || maxReceived === undefined) {
    throw new Error('block without rows');
  }
  const seqs = { firstSeq: seqAt(0), lastSeq: seqAt(flows.length - 1), rows: flows.length };
  return { ...seqs, level: 0, minObserved, maxObserved, maxReceived, verdicts };
}

export function createBlockWriter(db: Connection, set: SetName): BlockWriter {
  const { blocks, chunks } = TABLES[set];
  // Of neighbors the number of rows is known from the ends.
  const hasRows = set === 'drops';
  const insertBlock = db.prepare(
    `INSERT INTO ${blocks} (first_seq, last_seq, level, min_observed, max_observed, max_received,
       allowed, dropped, audit, error, unknown, columns${hasRows ? ', rows' : ''})
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?${hasRows ? ', ?' : ''})`,
  );
  const insertChunk = db.prepare(
    `INSERT INTO ${chunks} (first_seq, last_seq, size, frame${hasRows ? ', rows' : ''})
     VALUES (?, ?, ?, ?${hasRows ? ', ?' : ''})`,
  );
  const deleteBlocks = db.prepare(`DELETE FROM ${blocks} WHERE first_seq BETWEEN ? AND ?`);
  const deleteRaw = db.prepare(`DELETE FROM ${chunks} WHERE first_seq BETWEEN ? AND ?`);
  return {
    insert({ firstSeq, lastSeq, rows, level, ...rest }, columns) {
      const { allowed, dropped, audit, error, unknown } = rest.verdicts;
      insertBlock.run(
        ...[firstSeq, lastSeq, level, rest.minObserved, rest.maxObserved, rest.maxReceived],
        ...[allowed, dropped, audit, error, unknown, columns],
        ...(hasRows ? [rows] : []),
      );
    },
    insertRaw(placed) {
      for (const { firstSeq, lastSeq, rows, size, frame } of placed) {
        insertChunk.run(firstSeq, lastSeq, size, frame, ...(hasRows ? [rows] : []));
      }
    },
    deleteBlocks: (fromSeq, toSeq) => void deleteBlocks.run(fromSeq, toSeq),
    deleteRaw: (fromSeq, toSeq) => void deleteRaw.run(fromSeq, toSeq),
  };
}
