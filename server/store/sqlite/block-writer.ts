import type { Flow } from '../../core/flow.ts';
import type { EpochNanos } from '../../core/time.ts';
import type { VerdictKind } from '../../core/verdict.ts';
import { encodeFlows, mergeBlocks, writeBlock } from '../../columns/block.ts';
import { rowsOf, type BlockHeader, type Catalog } from './catalog.ts';
import type { Connection } from './database.ts';
import { encodeRaw, RAW_CHUNK_BYTES, readRaw, type RawChunk } from './raw.ts';

export type MergeLimits = {
  /** A block with this many rows is full and stays as it is. */
  readonly blockRows: number;
  /** As many neighbors of one level become one of the next. */
  readonly fanIn: number;
};

/** A block that is encoded and not yet written: what is slow is done before the transaction. */
export type PreparedBlock = {
  readonly header: BlockHeader;
  /** As it is stored. */
  readonly columns: Buffer;
  /** The same without compression. */
  readonly plain: Buffer;
  readonly raw: readonly RawChunk[];
};

export type BlockWriter = {
  /** Inside a transaction. */
  insert(block: PreparedBlock): void;
  /** Merges small neighbors, each merge in a transaction of its own. */
  merge(): Promise<void>;
};

/** Encodes flows as one block from sequence number `firstSeq` on. There is at least one flow. */
export async function prepareBlock(
  flows: readonly Flow[],
  firstSeq: number,
): Promise<PreparedBlock> {
  const raw = encodeRaw(flows.map((flow) => flow.raw));
  const encoded = encodeFlows(flows);
  return {
    header: summarizeBlock(flows, firstSeq),
    columns: writeBlock(encoded, 'zstd'),
    plain: writeBlock(encoded, 'plain'),
    raw: await raw,
  };
}

function summarizeBlock(flows: readonly Flow[], firstSeq: number): BlockHeader {
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
  const lastSeq = firstSeq + flows.length - 1;
  return { firstSeq, lastSeq, level: 0, minObserved, maxObserved, maxReceived, verdicts };
}

/** The blocks at the end of the list that are to become one, if any. */
export function planMerge(
  headers: readonly BlockHeader[],
  { blockRows, fanIn }: MergeLimits,
): readonly BlockHeader[] | undefined {
  const tail: BlockHeader[] = [];
  let rows = 0;
  for (const header of headers.toReversed()) {
    const next = tail[0];
    if (next !== undefined && header.lastSeq + 1 !== next.firstSeq) break;
    if (next !== undefined && rowsOf(header) >= blockRows) break;
    tail.unshift(header);
    rows += rowsOf(header);
  }
  if (tail.length > 1 && rows >= blockRows) return tail;
  const level = tail.at(-1)?.level;
  const start = tail.findLastIndex((header) => header.level !== level) + 1;
  return tail.length - start >= fanIn ? tail.slice(start) : undefined;
}

export function createBlockWriter(
  db: Connection,
  catalog: Catalog,
  limits: MergeLimits,
): BlockWriter {
  const insertBlock = db.prepare(
    `INSERT INTO blocks (first_seq, last_seq, level, min_observed, max_observed, max_received,
                         allowed, dropped, audit, error, unknown, columns)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const insertRaw = db.prepare(
    'INSERT INTO raw_chunks (first_seq, last_seq, size, frame) VALUES (?, ?, ?, ?)',
  );
  const deleteBlocks = db.prepare('DELETE FROM blocks WHERE first_seq BETWEEN ? AND ?');
  const deleteRaw = db.prepare('DELETE FROM raw_chunks WHERE first_seq BETWEEN ? AND ?');
  const selectSmallRaw = db.prepare<[number, number], StoredChunk>(
    `SELECT first_seq, last_seq, size FROM raw_chunks
     WHERE first_seq BETWEEN ? AND ? ORDER BY first_seq`,
  );
  const selectFrame = db
    .prepare<[number], Buffer>('SELECT frame FROM raw_chunks WHERE first_seq = ?')
    .pluck();

  const insertHeader = ({ firstSeq, lastSeq, level, ...rest }: BlockHeader, columns: Buffer) => {
    const { allowed, dropped, audit, error, unknown } = rest.verdicts;
    insertBlock.run(
      ...[firstSeq, lastSeq, level, rest.minObserved, rest.maxObserved, rest.maxReceived],
      ...[allowed, dropped, audit, error, unknown, columns],
    );
  };

  const writeRaw = (firstSeq: number, chunks: readonly RawChunk[]) => {
    let seq = firstSeq;
    for (const { rows, size, frame } of chunks) {
      insertRaw.run(seq, seq + rows - 1, size, frame);
      seq += rows;
    }
  };

  /** Small neighboring chunks of a range, each group rewritten as one. Large ones are left alone. */
  const joinRaw = async (firstSeq: number, lastSeq: number) =>
    Promise.all(
      groupChunks(selectSmallRaw.all(firstSeq, lastSeq)).map(async (group) => {
        const records = readRaw(
          group.map((chunk) => ({
            rows: chunk.last_seq - chunk.first_seq + 1,
            frame: selectFrame.get(chunk.first_seq) ?? Buffer.alloc(0),
          })),
        );
        return {
          first: group[0]?.first_seq ?? 0,
          last: group.at(-1)?.first_seq ?? 0,
          chunks: await encodeRaw(records),
        };
      }),
    );

  return {
    insert({ header, columns, raw }) {
      insertHeader(header, columns);
      writeRaw(header.firstSeq, raw);
    },
    async merge() {
      for (;;) {
        const parts = planMerge(catalog.headers(), limits);
        if (parts === undefined) return;
        const merged = mergeHeaders(parts);
        const columns = writeBlock(mergeBlocks(parts.map((part) => catalog.columns(part))), 'zstd');
        const rewrites = await joinRaw(merged.firstSeq, merged.lastSeq);
        db.transaction(() => {
          deleteBlocks.run(merged.firstSeq, merged.lastSeq);
          insertHeader(merged, columns);
          for (const { first, last, chunks } of rewrites) {
            deleteRaw.run(first, last);
            writeRaw(first, chunks);
          }
        }).immediate();
        const gone = new Set(parts.map((part) => part.firstSeq));
        const kept = catalog.headers().filter((header) => !gone.has(header.firstSeq));
        catalog.replace([...kept, merged]);
      }
    },
  };
}

type StoredChunk = { first_seq: number; last_seq: number; size: number };

/** Runs of at least two chunks that fit in one. */
function groupChunks(chunks: readonly StoredChunk[]): StoredChunk[][] {
  const groups: StoredChunk[][] = [];
  let size = Infinity;
  for (const chunk of chunks) {
    if (size + chunk.size > RAW_CHUNK_BYTES) {
      groups.push([]);
      size = 0;
    }
    groups.at(-1)?.push(chunk);
    size += chunk.size;
  }
  return groups.filter((group) => group.length > 1);
}

function mergeHeaders(parts: readonly BlockHeader[]): BlockHeader {
  const level = 1 + Math.max(...parts.map((part) => part.level));
  return parts.reduce((left, right) => ({
    firstSeq: left.firstSeq,
    lastSeq: right.lastSeq,
    level,
    minObserved: left.minObserved < right.minObserved ? left.minObserved : right.minObserved,
    maxObserved: left.maxObserved > right.maxObserved ? left.maxObserved : right.maxObserved,
    maxReceived: left.maxReceived > right.maxReceived ? left.maxReceived : right.maxReceived,
    verdicts: {
      allowed: left.verdicts.allowed + right.verdicts.allowed,
      dropped: left.verdicts.dropped + right.verdicts.dropped,
      audit: left.verdicts.audit + right.verdicts.audit,
      error: left.verdicts.error + right.verdicts.error,
      unknown: left.verdicts.unknown + right.verdicts.unknown,
    },
  }));
}
