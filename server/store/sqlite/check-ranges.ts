import type { BlockHeader } from './block-set.ts';
import { TABLES, type SetName } from './set-tables.ts';
import type { Connection } from './database.ts';

/** Sequence numbers; both ends belong to it. */
export type Span = { readonly firstSeq: number; readonly lastSeq: number };

export type DamagedBlock = Span & { readonly set: SetName; readonly why: string };

export type ChunkSpan = Span & { readonly rows: number };

export function readChunks(db: Connection, set: SetName): readonly ChunkSpan[] {
  const { chunks, rows } = TABLES[set];
  return db
    .prepare<[], ChunkSpan>(
      `SELECT first_seq AS firstSeq, last_seq AS lastSeq, ${rows} AS rows FROM ${chunks} ORDER BY first_seq`,
    )
    .all();
}

/**
 * Sequence numbers without a block, which retention must account for: what it removed stands in the chain of
 * seals. Before there were seals it removed from the beginning only, where a store also begins that was made in place
 * of a damaged one.
 */
export function missingFlows(
  db: Connection,
  headers: readonly BlockHeader[],
): readonly DamagedBlock[] {
  const removed = db
    .prepare<[], Span>(
      `SELECT first_seq AS firstSeq, last_seq AS lastSeq FROM seals
       WHERE block_set = 'all' AND expired_at <> 0`,
    )
    .all();
  const store = db
    .prepare<[], { head: number; removed: number }>(
      'SELECT head, flows_removed_to <> 0 AS removed FROM store',
    )
    .get();
  const head = store?.head ?? 0;
  const spans = [...headers, ...removed].sort((a, b) => a.firstSeq - b.firstSeq);
  const found: DamagedBlock[] = [];
  let next = 1;
  const missing = (to: number): void => {
    const isOldPart = next === 1 && store?.removed === 1;
    if (to < next || isOldPart) return;
    const why = 'no block holds these flows, and retention did not remove them';
    found.push({ set: 'all', firstSeq: next, lastSeq: to, why });
  };
  for (const { firstSeq, lastSeq } of spans) {
    missing(firstSeq - 1);
    next = Math.max(next, lastSeq + 1);
  }
  missing(head);
  const beyond = headers.findLast(({ lastSeq }) => lastSeq > head);
  if (beyond !== undefined) {
    const why = `it is newer than the newest number of the store, ${head}`;
    found.push({ set: 'all', firstSeq: beyond.firstSeq, lastSeq: beyond.lastSeq, why });
  }
  return found;
}

/** Blocks of a set that share sequence numbers. */
export function overlaps(set: SetName, headers: readonly BlockHeader[]): readonly DamagedBlock[] {
  return headers.flatMap((header, place) => {
    const { firstSeq, lastSeq } = header;
    const before = headers[place - 1];
    if (lastSeq < firstSeq) return [{ set, firstSeq, lastSeq, why: 'it ends before it begins' }];
    if (before === undefined || before.lastSeq < firstSeq) return [];
    return [{ set, firstSeq, lastSeq, why: `it overlaps ${before.firstSeq} to ${before.lastSeq}` }];
  });
}

/** Blocks whose records are not all there, once each, and records that belong to no block. */
export function recordFaults(
  set: SetName,
  headers: readonly BlockHeader[],
  chunks: readonly ChunkSpan[],
): readonly DamagedBlock[] {
  const found: DamagedBlock[] = [];
  let place = 0;
  const stray = ({ firstSeq, lastSeq }: Span): void => {
    found.push({ set, firstSeq, lastSeq, why: 'these records belong to no block' });
  };
  for (const { firstSeq, lastSeq, rows } of headers) {
    let [records, last, ordered] = [0, firstSeq - 1, true];
    for (let chunk = chunks[place]; chunk !== undefined; chunk = chunks[++place]) {
      if (chunk.firstSeq > lastSeq) break;
      if (chunk.firstSeq < firstSeq) {
        stray(chunk);
        continue;
      }
      ordered &&= chunk.firstSeq > last && chunk.lastSeq <= lastSeq;
      records += chunk.rows;
      last = chunk.lastSeq;
    }
    if (records === rows && ordered) continue;
    const why = ordered ? `${records} records for ${rows} flows` : 'its records overlap';
    found.push({ set, firstSeq, lastSeq, why });
  }
  for (const chunk of chunks.slice(place)) stray(chunk);
  return found;
}
