import Database from 'better-sqlite3';
import { openBlock } from '../../columns/block.ts';
import { compressBlock } from '../../columns/block-format.ts';
import { mergeBlocks, readBlock, writeBlock } from '../../columns/encoded-block.ts';
import { openedBlock, type BlockHeader, type BlockSet } from './block-set.ts';
import { blockFault } from './check-block.ts';
import { TABLES } from './set-tables.ts';
import { placeChunks, type BlockWriter, type PlacedChunk } from './block-writer.ts';
import type { Connection } from './database.ts';
import { encodeRaw, openRaw, RAW_CHUNK_BYTES, readRaw } from './raw.ts';
import type { RecentBlocks } from './recent-blocks.ts';

export type MergeLimits = {
  /** A block with this many rows is full and stays as it is. */
  readonly blockRows: number;
  /** As many neighbors of one level become one of the next. */
  readonly fanIn: number;
};

/**
 * The blocks at the end of the list that are to become one, if any. Blocks that begin at or before `sealedTo`
 * stay as they are. Where rows are neighbors (`dense`), blocks on both sides of removed ones are not joined.
 */
export function planMerge(
  headers: readonly BlockHeader[],
  { blockRows, fanIn }: MergeLimits,
  { sealedTo = 0, dense = true }: { readonly sealedTo?: number; readonly dense?: boolean } = {},
): readonly BlockHeader[] | undefined {
  const tail: BlockHeader[] = [];
  let rows = 0;
  for (const header of headers.toReversed()) {
    const next = tail[0];
    if (header.firstSeq <= sealedTo) break;
    if (next !== undefined && dense && header.lastSeq + 1 !== next.firstSeq) break;
    if (next !== undefined && header.rows >= blockRows) break;
    // Only small blocks that stand before a merged one can be that many.
    if (rows + header.rows >= 2 * blockRows) break;
    tail.unshift(header);
    rows += header.rows;
  }
  if (tail.length > 1 && rows >= blockRows) return tail;
  const level = tail.at(-1)?.level;
  const start = tail.findLastIndex((header) => header.level !== level) + 1;
  return tail.length - start >= fanIn ? tail.slice(start) : undefined;
}

export type Merger = {
  /** Joins small neighbors of a set, each time in a transaction of its own. */
  merge(sealedTo: number): Promise<void>;
};

type StoredChunk = {
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly rows: number;
  readonly size: number;
};

export function createMerger({
  db,
  set,
  writer,
  recent,
  limits,
}: {
  readonly db: Connection;
  readonly set: BlockSet;
  readonly writer: BlockWriter;
  readonly recent: RecentBlocks;
  readonly limits: MergeLimits;
}): Merger {
  const { chunks, rows } = TABLES[set.name];
  // The frame stands last, so that sizes are read without it: full chunks are not read again.
  const selectSizes = db.prepare<[number, number], StoredChunk>(
    `SELECT first_seq AS firstSeq, last_seq AS lastSeq, ${rows} AS rows, size FROM ${chunks}
     WHERE first_seq BETWEEN ? AND ? ORDER BY first_seq`,
  );
  const selectFrame = db
    .prepare<[number], Buffer>(`SELECT frame FROM ${chunks} WHERE first_seq = ?`)
    .pluck();

  /** Small neighboring chunks of a merged block, each group written anew as one. Large ones are left alone. */
  const joinRaw = async (header: BlockHeader, plain: Buffer) => {
    const groups = groupChunks(selectSizes.all(header.firstSeq, header.lastSeq));
    if (groups.length === 0) return [];
    const opened = openedBlock(set.name, openBlock(plain), header.firstSeq);
    return Promise.all(
      groups.map(async (group) => {
        const records = readRaw(
          group.map((chunk) => ({
            rows: chunk.rows,
            frame: selectFrame.get(chunk.firstSeq) ?? Buffer.alloc(0),
          })),
        );
        const firstRow = opened.rowFrom(group[0]?.firstSeq ?? 0);
        const seqAt = (row: number) => opened.seqAt(firstRow + row);
        return { group, joined: placeChunks(await encodeRaw(records), seqAt) };
      }),
    );
  };

  const replace = (
    merged: BlockHeader,
    columns: Buffer,
    rewrites: readonly { group: readonly StoredChunk[]; joined: readonly PlacedChunk[] }[],
  ): void => {
    writer.deleteBlocks(merged.firstSeq, merged.lastSeq);
    writer.insert(merged, columns);
    for (const { group, joined } of rewrites) {
      writer.deleteRaw(group[0]?.firstSeq ?? 0, group.at(-1)?.firstSeq ?? 0);
      writer.insertRaw(joined);
    }
  };

  const join = async (merged: BlockHeader, parts: readonly BlockHeader[]) => {
    const encoded = mergeBlocks(
      parts.map((part) => recent.get(part) ?? readBlock(set.columns(part))),
    );
    const plain = writeBlock(encoded);
    return { encoded, columns: compressBlock(plain), rewrites: await joinRaw(merged, plain) };
  };

  /** Whether a block or its records cannot be decoded, as against a merge that is at fault. */
  const isDamaged = (part: BlockHeader): boolean => {
    if (blockFault(set.name, part, set.columns(part)) !== undefined) return true;
    return selectSizes.all(part.firstSeq, part.lastSeq).some(({ firstSeq, rows }) => {
      try {
        openRaw(selectFrame.get(firstSeq) ?? Buffer.alloc(0))(rows - 1);
        return false;
      } catch (error) {
        if (error instanceof Database.SqliteError) throw error;
        return true;
      }
    });
  };

  /** Blocks up to here stay as they are, since one of them is damaged. */
  let leftAloneTo = 0;

  return {
    async merge(sealedTo) {
      for (;;) {
        const dense = set.name === 'all';
        const fixedTo = Math.max(sealedTo, leftAloneTo);
        const parts = planMerge(set.headers(), limits, { sealedTo: fixedTo, dense });
        if (parts === undefined) return;
        const merged = mergeHeaders(parts);
        const joined = await join(merged, parts).catch((error: unknown) => {
          if (!parts.some(isDamaged)) throw error;
        });
        if (joined === undefined) {
          // Commits go on; queries and the doctor say what is damaged.
          leftAloneTo = merged.lastSeq;
          continue;
        }
        const { encoded, columns, rewrites } = joined;
        db.transaction(replace).immediate(merged, columns, rewrites);
        recent.forget(parts);
        if (merged.rows < limits.blockRows) recent.keep(merged, encoded);
        const gone = new Set(parts);
        set.replace([...set.headers().filter((header) => !gone.has(header)), merged]);
      }
    },
  };
}

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
    rows: left.rows + right.rows,
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
