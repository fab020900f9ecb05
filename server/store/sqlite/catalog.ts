import type { RawRecord, StoredFlow } from '../../core/flow.ts';
import { nanos, type EpochNanos } from '../../core/time.ts';
import type { VerdictKind } from '../../core/verdict.ts';
import { openBlock, type Block } from '../../columns/block.ts';
import { createBlockCache } from './block-cache.ts';
import type { Connection } from './database.ts';
import { materialize } from '../../columns/materialize.ts';
import { openRaw } from './raw.ts';

/** What is known of a block without reading it. */
export type BlockHeader = {
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** 0 as committed, one more than its parts where merged. */
  readonly level: number;
  readonly minObserved: EpochNanos;
  readonly maxObserved: EpochNanos;
  readonly maxReceived: EpochNanos;
  readonly verdicts: Readonly<Record<VerdictKind, number>>;
};

export const rowsOf = ({ firstSeq, lastSeq }: BlockHeader): number => lastSeq - firstSeq + 1;

/** A block, and where the asked header's rows begin in it: not at 0 when it was merged meanwhile. */
export type OpenedBlock = { readonly block: Block; readonly firstRow: number };

/**
 * The blocks that are committed, and their contents. `headers` is a snapshot that later commits do not
 * change; a block of it that was merged meanwhile is still found, by its sequence range.
 */
export type Catalog = {
  headers(): readonly BlockHeader[];
  /** Called after a commit. The list is in order of sequence numbers. */
  replace(headers: readonly BlockHeader[]): void;
  /** Highest sequence number ever given. */
  head(): number;
  setHead(seq: number): void;
  /** `undefined` when the block was pruned meanwhile. */
  open(header: BlockHeader): OpenedBlock | undefined;
  /** Stored columns of a block that exists, for merging. */
  columns(header: BlockHeader): Buffer;
  /** Flows of rows of one opened block, by sequence number. */
  flows(header: BlockHeader, opened: OpenedBlock, seqs: readonly number[]): StoredFlow[];
  /** The record of a flow, as its source gave it. */
  raw(seq: number): RawRecord | undefined;
};

type HeaderRow = Record<
  | 'first_seq'
  | 'last_seq'
  | 'level'
  | 'min_observed'
  | 'max_observed'
  | 'max_received'
  | VerdictKind,
  bigint
>;

type BlockRow = { first_seq: number; last_seq: number; columns: Buffer };
type RawRow = { first_seq: number; last_seq: number; frame: Buffer };

export type CatalogOptions = {
  readonly db: Connection;
  readonly cacheBytes: number;
  /** True where another process commits: then the list is brought up to date whenever it is asked for. */
  readonly shared: boolean;
  /** Blocks with as many rows are never merged again. */
  readonly blockRows: number;
};

export function loadCatalog({ db, cacheBytes, shared, blockRows }: CatalogOptions): Catalog {
  const selectBlock = db.prepare<[number], BlockRow>(
    `SELECT first_seq, last_seq, columns FROM blocks
     WHERE first_seq <= ? ORDER BY first_seq DESC LIMIT 1`,
  );
  const selectRaw = db.prepare<[number], RawRow>(
    `SELECT first_seq, last_seq, frame FROM raw_chunks
     WHERE first_seq <= ? ORDER BY first_seq DESC LIMIT 1`,
  );
  const selectHeaders = db
    .prepare<[number], HeaderRow>(
      `SELECT first_seq, last_seq, level, min_observed, max_observed, max_received,
              allowed, dropped, audit, error, unknown
       FROM blocks WHERE first_seq > ? ORDER BY first_seq`,
    )
    .safeIntegers();
  const selectOldest = db.prepare<[], number>('SELECT min(first_seq) FROM blocks').pluck();
  const selectHead = db.prepare<[], number>('SELECT head FROM store').pluck();
  const readHeaders = (after: number) => selectHeaders.all(after).map(headerOf);
  const readHead = () => selectHead.get() ?? 0;
  let headers: readonly BlockHeader[] = readHeaders(0);
  let head = readHead();
  const cache = createBlockCache(cacheBytes);

  const find = ({ firstSeq, lastSeq }: BlockHeader): BlockRow | undefined => {
    const row = selectBlock.get(firstSeq);
    return row !== undefined && row.last_seq >= lastSeq ? row : undefined;
  };

  /** Full blocks change no more but by being pruned, and then they cannot be opened. */
  const refreshed = (): readonly BlockHeader[] => {
    const oldest = selectOldest.get() ?? Infinity;
    const lastFull = headers.findLastIndex((header) => rowsOf(header) >= blockRows);
    const full = headers.slice(0, lastFull + 1);
    const kept =
      full[0] !== undefined && full[0].firstSeq < oldest
        ? full.filter(({ firstSeq }) => firstSeq >= oldest)
        : full;
    return [...kept, ...readHeaders(headers[lastFull]?.firstSeq ?? 0)];
  };

  return {
    headers: () => (shared ? (headers = refreshed()) : headers),
    replace: (next) => void (headers = next),
    head: () => (shared ? readHead() : head),
    setHead: (seq) => void (head = seq),
    open(header) {
      const cached = cache.get(header.firstSeq, header.lastSeq);
      if (cached !== undefined) return { block: cached, firstRow: 0 };
      const row = find(header);
      if (row === undefined) return undefined;
      const block = openBlock(row.columns);
      cache.put(row.first_seq, row.last_seq, block);
      return { block, firstRow: header.firstSeq - row.first_seq };
    },
    columns(header) {
      const row = find(header);
      if (row === undefined) throw new Error(`block ${header.firstSeq} is missing`);
      return row.columns;
    },
    flows: (header, { block, firstRow }, seqs) =>
      seqs.map((seq) => materialize(block, firstRow + seq - header.firstSeq, seq)),
    raw(seq) {
      const row = selectRaw.get(seq);
      return row === undefined || row.last_seq < seq
        ? undefined
        : openRaw(row.frame)(seq - row.first_seq);
    },
  };
}

const headerOf = (row: HeaderRow): BlockHeader => ({
  firstSeq: Number(row.first_seq),
  lastSeq: Number(row.last_seq),
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
