import type { RawRecord, StoredFlow } from '../../core/flow.ts';
import { nanos, type EpochNanos } from '../../core/time.ts';
import type { VerdictKind } from '../../core/verdict.ts';
import type { Block } from '../../columns/block.ts';
import { materialize } from '../../columns/materialize.ts';
import type { BlockCache } from './block-cache.ts';
import { decodeBlock, openSaying } from './damaged-block.ts';
import type { Connection } from './database.ts';
import { openRaw } from './raw.ts';
import { TABLES, type SetName, type SetTables } from './set-tables.ts';

/** What is known of a block without reading it. */
export type BlockHeader = {
  /** Sequence number of its first row. */
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly rows: number;
  /** 0 as committed, one more than its parts where merged. */
  readonly level: number;
  readonly minObserved: EpochNanos;
  readonly maxObserved: EpochNanos;
  readonly maxReceived: EpochNanos;
  readonly verdicts: Readonly<Record<VerdictKind, number>>;
};

type SeqRange = Pick<BlockHeader, 'firstSeq' | 'lastSeq'>;

/** A block; it may hold more rows than the header by which it was asked for, when it was merged meanwhile. */
export type OpenedBlock = {
  readonly block: Block;
  seqAt(row: number): number;
  /** The first row whose sequence number is not below `seq`; the number of rows where there is none. */
  rowFrom(seq: number): number;
};

export type BlockSet = {
  readonly name: SetName;
  /** In order of sequence numbers; a snapshot that later commits do not change. */
  headers(): readonly BlockHeader[];
  /** Called after a commit. */
  replace(headers: readonly BlockHeader[]): void;
  /** `undefined` when the block was removed meanwhile. */
  open(header: SeqRange): OpenedBlock | undefined;
  /** The block of a sequence number, which it need not hold. */
  openAt(seq: number): OpenedBlock | undefined;
  /** Stored columns of a block that exists. */
  columns(header: BlockHeader): Buffer;
  /** Of a sealed block; `undefined` of others. */
  filter(header: BlockHeader): Buffer | undefined;
  /** Answers with the record of a flow, as its source gave it; keeps the chunk that it read last. */
  rawReader(): (seq: number) => RawRecord | undefined;
};

export const flowAt = (opened: OpenedBlock, row: number): StoredFlow =>
  materialize(opened.block, row, opened.seqAt(row));

type HeaderRow = Record<
  | 'first_seq'
  | 'last_seq'
  | 'row_count'
  | 'level'
  | 'min_observed'
  | 'max_observed'
  | 'max_received'
  | VerdictKind,
  bigint
>;

type BlockRow = { first_seq: number; last_seq: number; columns: Buffer };
type RawRow = { first_seq: number; last_seq: number; frame: Buffer };
type RawChunk = SeqRange & { readonly record: (row: number) => RawRecord };

const cacheKey = (set: SetName, { firstSeq, lastSeq }: SeqRange): string =>
  `${set} ${firstSeq}-${lastSeq}`;

export type BlockSetOptions = {
  readonly db: Connection;
  readonly name: SetName;
  readonly cache: BlockCache;
  /** Answers a number that changes when blocks are removed, where another process commits; else `undefined`. */
  readonly revision: (() => number) | undefined;
  /** Blocks with as many rows are never merged again. */
  readonly blockRows: number;
};

export function openBlockSet(options: BlockSetOptions): BlockSet {
  const { db, name, cache, revision, blockRows } = options;
  const tables = TABLES[name];
  const selectBlock = db.prepare<[number], BlockRow>(
    `SELECT first_seq, last_seq, columns FROM ${tables.blocks}
     WHERE first_seq <= ? ORDER BY first_seq DESC LIMIT 1`,
  );
  const selectRange = db.prepare<[number], SeqRange>(
    `SELECT first_seq AS firstSeq, last_seq AS lastSeq FROM ${tables.blocks}
     WHERE first_seq <= ? ORDER BY first_seq DESC LIMIT 1`,
  );
  const selectRaw = db.prepare<[number], RawRow>(
    `SELECT first_seq, last_seq, frame FROM ${tables.chunks}
     WHERE first_seq <= ? ORDER BY first_seq DESC LIMIT 1`,
  );
  const selectFilter = db
    .prepare<[number], Buffer>(`SELECT filter FROM ${tables.filters} WHERE first_seq = ?`)
    .pluck();
  const readHeaders = headerReader(db, tables);
  let headers: readonly BlockHeader[] = readHeaders(0);
  let seen = revision?.();

  const find = ({ firstSeq, lastSeq }: SeqRange): BlockRow | undefined => {
    const row = selectBlock.get(firstSeq);
    return row !== undefined && row.last_seq >= lastSeq ? row : undefined;
  };

  /** While the revision stands, full blocks stay as they are and others only come behind them. */
  const refreshed = (now: number): readonly BlockHeader[] => {
    const keeps = seen === now ? headers.findLastIndex(({ rows }) => rows >= blockRows) + 1 : 0;
    seen = now;
    return [...headers.slice(0, keeps), ...readHeaders(headers[keeps - 1]?.firstSeq ?? 0)];
  };

  const open = (header: SeqRange): OpenedBlock | undefined => {
    const cached = cache.get(cacheKey(name, header));
    if (cached !== undefined) return openedBlock(name, cached, header.firstSeq);
    const row = find(header);
    if (row === undefined) return undefined;
    const block = openSaying(header, row.columns);
    const held = { firstSeq: row.first_seq, lastSeq: row.last_seq };
    cache.put(cacheKey(name, held), { firstSeq: held.firstSeq, block });
    return openedBlock(name, block, row.first_seq);
  };

  const openAt = (seq: number): OpenedBlock | undefined => {
    const range = selectRange.get(seq);
    return range === undefined || range.lastSeq < seq ? undefined : open(range);
  };

  return {
    name,
    headers: () => (revision === undefined ? headers : (headers = refreshed(revision()))),
    replace: (next) => void (headers = next),
    open,
    openAt,
    columns(header) {
      const row = find(header);
      if (row === undefined) throw new Error(`block ${header.firstSeq} is missing`);
      return row.columns;
    },
    filter: ({ firstSeq }) => selectFilter.get(firstSeq),
    rawReader() {
      let last: RawChunk | undefined;
      const chunkOf = (seq: number): RawChunk | undefined => {
        if (last !== undefined && last.firstSeq <= seq && seq <= last.lastSeq) return last;
        const row = selectRaw.get(seq);
        if (row === undefined || row.last_seq < seq) return undefined;
        const range = { firstSeq: row.first_seq, lastSeq: row.last_seq };
        const record = decodeBlock(range, () => openRaw(row.frame));
        last = { ...range, record: (at) => decodeBlock(range, () => record(at)) };
        return last;
      };
      return (seq) => {
        const chunk = chunkOf(seq);
        if (chunk === undefined) return undefined;
        if (name === 'all') return chunk.record(seq - chunk.firstSeq);
        // Asked after the chunk: the block may be larger than when that was written, never smaller.
        const opened = openAt(seq);
        if (opened === undefined) return undefined;
        const row = opened.rowFrom(seq);
        if (opened.seqAt(row) !== seq) return undefined;
        return chunk.record(row - opened.rowFrom(chunk.firstSeq));
      };
    },
  };
}

/** Reads the headers of the blocks behind a sequence number. */
function headerReader(
  db: Connection,
  tables: SetTables,
): (after: number) => readonly BlockHeader[] {
  const select = db
    .prepare<[number], HeaderRow>(
      `SELECT first_seq, last_seq, ${tables.rows} AS row_count, level, min_observed, max_observed,
              max_received, allowed, dropped, audit, error, unknown
       FROM ${tables.blocks} WHERE first_seq > ? ORDER BY first_seq`,
    )
    .safeIntegers();
  return (after) => select.all(after).map(headerOf);
}

const headerOf = (row: HeaderRow): BlockHeader => ({
  firstSeq: Number(row.first_seq),
  lastSeq: Number(row.last_seq),
  rows: Number(row.row_count),
  level: Number(row.level),
  minObserved: nanos(row.min_observed),
  maxObserved: nanos(row.max_observed),
  maxReceived: nanos(row.max_received),
  verdicts: {
    allowed: Number(row.allowed),
    dropped: Number(row.dropped),
    audit: Number(row.audit),
    error: Number(row.error),
    unknown: Number(row.unknown),
  },
});

export function openedBlock(name: SetName, block: Block, firstSeq: number): OpenedBlock {
  if (name === 'all') {
    return {
      block,
      seqAt: (row) => firstSeq + row,
      rowFrom: (seq) => Math.min(block.rows, Math.max(0, seq - firstSeq)),
    };
  }
  const seqAt = (row: number): number => {
    const column = block.column('seq');
    return column.kind === 'times' ? Number(column.times[row] ?? 0n) : 0;
  };
  return {
    block,
    seqAt,
    rowFrom(seq) {
      let low = 0;
      let high = block.rows;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (seqAt(middle) < seq) low = middle + 1;
        else high = middle;
      }
      return low;
    },
  };
}
