import { openBlock } from '../../columns/block.ts';
import { TABLES, type SetName } from './set-tables.ts';
import type { Connection } from './database.ts';
import { hashContent, hashSeal, NO_SEAL, SEAL_FORMAT, UNREADABLE, type Seal } from './seals.ts';

/** The first thing that is wrong. Sequence numbers are those of the seal, or of the block that has none. */
export type ChainFailure = {
  readonly set: SetName;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly why: string;
};

export type ChainReport = {
  readonly set: SetName;
  readonly seals: number;
  /** Sealed blocks whose flows are kept, and were hashed again. */
  readonly kept: number;
  /** Sealed blocks that retention removed: their place in the chain was checked, their content cannot be. */
  readonly expired: number;
  /** Flows that were hashed again. */
  readonly rows: number;
  /** Hash of the newest seal, to compare with one that was noted elsewhere. */
  readonly head: string;
  readonly failure: ChainFailure | undefined;
};

type SealRow = Record<'number' | 'first_seq' | 'last_seq' | 'rows' | 'schema' | 'format', bigint> &
  Record<'min_observed' | 'max_observed' | 'expired_at', bigint> &
  Record<'lost' | 'content' | 'previous' | 'hash' | 'expired_by', string>;

type BlockRow = Record<'first_seq' | 'last_seq', bigint> & { columns: Buffer };

type Evidence = { readonly block: BlockRow | undefined; readonly frames: readonly Buffer[] };

/**
 * Checks both hash chains of a store (`all`, then `drops`), block by block from the first, beside a server that
 * goes on writing: each seal is read in one transaction. A chain that a failure ends is not followed further.
 */
export async function verifyChain(
  db: Connection,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<readonly ChainReport[]> {
  return [await verifySet(db, 'all', signal), await verifySet(db, 'drops', signal)];
}

async function verifySet(
  db: Connection,
  set: SetName,
  signal: AbortSignal | undefined,
): Promise<ChainReport> {
  const readNext = sealReader(db, set);
  const counts = { seals: 0, kept: 0, expired: 0, rows: 0 };
  let head = NO_SEAL;
  let lastSeq = 0;
  for (;;) {
    signal?.throwIfAborted();
    const next = readNext(counts.seals + 1, lastSeq);
    const failed = (why: string): ChainReport => ({
      set,
      ...counts,
      head,
      failure: { set, firstSeq: next.firstSeq, lastSeq: next.lastSeq, why },
    });
    if (next.stray !== undefined) return failed(next.stray);
    const { row } = next;
    if (row === undefined) return { set, ...counts, head, failure: undefined };
    const why =
      chainFault(set, row, { number: counts.seals + 1, head }) ??
      (await contentFault(row, next.evidence));
    if (why !== undefined) return failed(why);
    counts.seals += 1;
    counts[row.expired_at === 0n ? 'kept' : 'expired'] += 1;
    if (row.expired_at === 0n) counts.rows += Number(row.rows);
    head = row.hash;
    lastSeq = next.lastSeq;
  }
}

type NextSeal = {
  readonly row: SealRow | undefined;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly evidence: Evidence;
  /** Why a block stands where no seal is. */
  readonly stray: string | undefined;
};

/** Reads the next seal with its block; the flows between it and the last one must not exist. */
function sealReader(db: Connection, set: SetName): (number: number, after: number) => NextSeal {
  const { blocks, chunks } = TABLES[set];
  const selectSeal = db
    .prepare<[string, number], SealRow>(
      'SELECT * FROM seals WHERE block_set = ? AND number >= ? ORDER BY number LIMIT 1',
    )
    .safeIntegers();
  const selectBlock = db
    .prepare<[bigint], BlockRow>(
      `SELECT first_seq, last_seq, columns FROM ${blocks} WHERE first_seq = ?`,
    )
    .safeIntegers();
  const selectBetween = db.prepare<[number, bigint], { first: number; last: number }>(
    `SELECT first_seq AS first, last_seq AS last FROM ${blocks}
     WHERE last_seq > ? AND first_seq < ? ORDER BY first_seq LIMIT 1`,
  );
  const selectFrames = db
    .prepare<[bigint, bigint], Buffer>(
      `SELECT frame FROM ${chunks} WHERE first_seq BETWEEN ? AND ? ORDER BY first_seq`,
    )
    .pluck();
  const none = { block: undefined, frames: [] };
  return db.transaction((number: number, after: number): NextSeal => {
    const row = selectSeal.get(set, number);
    if (row === undefined) {
      return { row, firstSeq: 0, lastSeq: 0, evidence: none, stray: undefined };
    }
    const between = selectBetween.get(after, row.first_seq);
    if (between !== undefined) {
      const { first, last } = between;
      const stray = 'a block stands here that has no seal, although later ones have';
      return { row, firstSeq: first, lastSeq: last, evidence: none, stray };
    }
    const block = selectBlock.get(row.first_seq);
    const frames = block === undefined ? [] : selectFrames.all(row.first_seq, row.last_seq);
    const range = { firstSeq: Number(row.first_seq), lastSeq: Number(row.last_seq) };
    return { row, ...range, evidence: { block, frames }, stray: undefined };
  });
}

function chainFault(
  set: SetName,
  row: SealRow,
  { number, head }: { readonly number: number; readonly head: string },
): string | undefined {
  if (Number(row.number) !== number) return `seal ${number} is missing`;
  if (row.previous !== head) return 'the seal does not name the hash of the one before';
  if (hashSeal(sealOf(set, row)) !== row.hash) return 'what the seal says was changed';
  if (Number(row.format) !== SEAL_FORMAT) return `format ${row.format} is newer than this program`;
  return undefined;
}

const sealOf = (set: SetName, row: SealRow): Seal => ({
  set,
  number: Number(row.number),
  firstSeq: Number(row.first_seq),
  lastSeq: Number(row.last_seq),
  rows: Number(row.rows),
  minObserved: row.min_observed,
  maxObserved: row.max_observed,
  lost: BigInt(row.lost),
  schema: Number(row.schema),
  format: Number(row.format),
  content: row.content,
  previous: row.previous,
});

async function contentFault(
  row: SealRow,
  { block, frames }: Evidence,
): Promise<string | undefined> {
  if (row.expired_at !== 0n) {
    return block === undefined ? undefined : 'the block is marked as removed and still there';
  }
  if (row.content === UNREADABLE) return 'the block was damaged before it could be sealed';
  if (block === undefined)
    return 'the block is missing, and nothing says that retention removed it';
  if (block.last_seq !== row.last_seq) return 'the block ends elsewhere than its seal says';
  try {
    const { content, records } = await hashContent(block.columns, frames);
    if (records !== Number(row.rows)) return `${records} records for ${row.rows} flows`;
    if (content !== row.content) return 'the flows or their records were changed';
    return timesFault(row, block.columns);
  } catch (error) {
    return `the block cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function timesFault(row: SealRow, columns: Buffer): string | undefined {
  const times = openBlock(columns).column('observedAt');
  if (times.kind !== 'times') return 'the times cannot be read';
  let min = times.times[0] ?? 0n;
  let max = min;
  for (const time of times.times) {
    if (time < min) min = time;
    if (time > max) max = time;
  }
  const same = min === row.min_observed && max === row.max_observed;
  return same ? undefined : 'the times are not those that the seal says';
}
