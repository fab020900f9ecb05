import Database from 'better-sqlite3';
import type { EpochNanos } from '../../core/time.ts';
import { openBlock } from '../../columns/block.ts';
import type { BlockHeader, BlockSet } from './block-set.ts';
import { TABLES } from './set-tables.ts';
import { durably, type Connection } from './database.ts';
import { filterOf } from './filter.ts';
import { hashContent, hashSeal, NO_SEAL, SEAL_FORMAT, UNREADABLE, type Seal } from './seals.ts';

export type Sealer = {
  /** Sequence number up to which the set is sealed: what begins there is never merged again. */
  sealedTo(): number;
  /** Seals at most `limit` of the blocks that will never be merged again, oldest first. */
  sealFull(limit: number): Promise<void>;
  /** Seals every block that begins at or before a sequence number, as it is: it is about to be removed. */
  sealUpTo(seq: number): Promise<void>;
  /** Inside a transaction: marks the seals of removed blocks. */
  expire(headers: readonly BlockHeader[], rule: string): void;
};

export type SealerOptions = {
  readonly db: Connection;
  readonly set: BlockSet;
  /** Rows of a full block. */
  readonly blockRows: number;
  readonly clock: () => EpochNanos;
};

type Digest = { readonly content: string; readonly filter: Buffer | undefined };

/** Hashes blocks that have reached their last form into the set's chain, and makes their filters. */
export function createSealer({ db, set, blockRows, clock }: SealerOptions): Sealer {
  const { chunks, filters } = TABLES[set.name];
  const insertSeal = db.prepare(
    `INSERT INTO seals (block_set, number, first_seq, last_seq, rows, min_observed, max_observed, lost,
                        schema, format, content, previous, hash, sealed_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const insertFilter = db.prepare(`INSERT INTO ${filters} (first_seq, filter) VALUES (?, ?)`);
  const expireSeal = db.prepare(
    'UPDATE seals SET expired_at = ?, expired_by = ? WHERE block_set = ? AND first_seq = ?',
  );
  const selectFrames = db
    .prepare<[number, number], Buffer>(
      `SELECT frame FROM ${chunks} WHERE first_seq BETWEEN ? AND ? ORDER BY first_seq`,
    )
    .pluck();
  const selectLost = db
    .prepare<[number, number], string>(
      "SELECT count FROM gaps WHERE before_seq BETWEEN ? AND ? AND kind = 'lost' AND count <> ''",
    )
    .pluck();
  const newest = db
    .prepare<[string], { number: number; last_seq: number; hash: string }>(
      'SELECT number, last_seq, hash FROM seals WHERE block_set = ? ORDER BY number DESC LIMIT 1',
    )
    .get(set.name);
  const schema = Number(db.pragma('user_version', { simple: true }));
  let number = newest?.number ?? 0;
  let sealedTo = newest?.last_seq ?? 0;
  let head = newest?.hash ?? NO_SEAL;

  const write = db.transaction((seal: Seal, hash: string, filter: Buffer | undefined) => {
    insertSeal.run(
      ...[seal.set, seal.number, seal.firstSeq, seal.lastSeq, seal.rows],
      ...[seal.minObserved, seal.maxObserved, seal.lost.toString(), seal.schema, seal.format],
      ...[seal.content, seal.previous, hash, clock()],
    );
    if (filter !== undefined) insertFilter.run(seal.firstSeq, filter);
  });

  /** What is damaged must not stop the commits that wait for this; the chain then says so. */
  const digest = async (header: BlockHeader): Promise<Digest> => {
    const columns = set.columns(header);
    const frames = selectFrames.all(header.firstSeq, header.lastSeq);
    try {
      const { content, records } = await hashContent(columns, frames);
      if (records !== header.rows) return { content: UNREADABLE, filter: undefined };
      return { content, filter: filterOf(openBlock(columns)) };
    } catch (error) {
      if (error instanceof Database.SqliteError) throw error;
      return { content: UNREADABLE, filter: undefined };
    }
  };

  const seal = async (header: BlockHeader): Promise<void> => {
    const { firstSeq, lastSeq, rows, minObserved, maxObserved } = header;
    const { content, filter } = await digest(header);
    const sealed: Seal = {
      ...{ set: set.name, number: number + 1, firstSeq, lastSeq, rows },
      ...{ minObserved, maxObserved, lost: lostAmong(firstSeq, lastSeq) },
      ...{ schema, format: SEAL_FORMAT, content, previous: head },
    };
    const hash = hashSeal(sealed);
    // Whoever has read a seal may have noted it elsewhere: neither it nor what it covers may vanish.
    durably(db, () => write.immediate(sealed, hash, filter));
    number += 1;
    sealedTo = lastSeq;
    head = hash;
  };

  /** A gap told with flows, or before them, counts with those; the first seal takes all that came before. */
  const lostAmong = (firstSeq: number, lastSeq: number): bigint => {
    if (set.name === 'drops') return 0n;
    return selectLost
      .all(Math.min(firstSeq, sealedTo + 1), lastSeq)
      .reduce((sum, count) => sum + BigInt(count), 0n);
  };

  const unsealed = (): readonly BlockHeader[] =>
    set.headers().filter(({ firstSeq }) => firstSeq > sealedTo);

  return {
    sealedTo: () => sealedTo,
    async sealFull(limit) {
      const open = unsealed();
      const lastFull = open.findLastIndex(({ rows }) => rows >= blockRows);
      for (const header of open.slice(0, Math.min(limit, lastFull + 1))) await seal(header);
    },
    async sealUpTo(seq) {
      for (const header of unsealed()) {
        if (header.firstSeq > seq) return;
        await seal(header);
      }
    },
    expire(headers, rule) {
      for (const { firstSeq } of headers) expireSeal.run(clock(), rule, set.name, firstSeq);
    },
  };
}
