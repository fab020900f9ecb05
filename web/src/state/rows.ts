import type { FlowJson } from '../../../server/http/contract.ts';

/** Flows of the table, newest first; sequence numbers fall strictly. */
export type Rows = readonly FlowJson[];

/** Rows that the page keeps. More are in the store, and paging reaches them. */
export const ROW_LIMIT = 50_000;

/** Puts deliveries on top, whatever their order. Rows that are there already are left out. */
export function prependRows(rows: Rows, delivered: Rows, limit = ROW_LIMIT): Rows {
  const top = rows[0]?.seq ?? -1;
  const fresh = delivered
    .filter((flow) => flow.seq > top)
    .sort((a, b) => b.seq - a.seq)
    .filter((flow, index, sorted) => flow.seq !== sorted[index - 1]?.seq);
  if (fresh.length === 0) return rows;
  return fresh.length >= limit
    ? fresh.slice(0, limit)
    : fresh.concat(rows.slice(0, limit - fresh.length));
}

/** Joins the first page with what the stream told while it was read: above `head` only the stream knows. */
export const joinPage = (streamed: Rows, page: Rows, head: number): Rows => [
  ...streamed.filter((flow) => flow.seq > head),
  ...page,
];

/** Adds a page of older flows below. */
export function appendRows(rows: Rows, older: Rows, limit = ROW_LIMIT): Rows {
  const bottom = rows.at(-1)?.seq ?? Infinity;
  const room = limit - rows.length;
  return room <= 0 ? rows : [...rows, ...older.filter((flow) => flow.seq < bottom).slice(0, room)];
}

/** Position of a flow, or -1. Rows are sorted, so this halves its way. */
export function findRow(rows: Rows, seq: number): number {
  let low = 0;
  let high = rows.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const at = rows[middle]?.seq ?? 0;
    if (at === seq) return middle;
    if (at > seq) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

const HELD_ROWS = 20_000;
const HELD_BYTES = 32 * 1024 * 1024;

/**
 * Rows that wait while the table stands still. Beyond its limits it forgets them all and says so, since the
 * store has them in any case; its counts stay exact.
 */
export class HeldRows {
  #rows: FlowJson[] = [];
  #bytes = 0;
  count = 0;
  drops = 0;
  overflowed = false;

  /** `bytes` is the size of the delivery on the wire. */
  add(delivered: Rows, bytes: number): void {
    this.count += delivered.length;
    for (const flow of delivered) if (flow.verdict === 'dropped') this.drops += 1;
    if (this.overflowed) return;
    this.#bytes += bytes;
    if (this.#rows.length + delivered.length > HELD_ROWS || this.#bytes > HELD_BYTES) {
      this.overflowed = true;
      this.#rows = [];
      return;
    }
    for (const flow of delivered) this.#rows.push(flow);
  }

  /** Hands over the rows in commit order and begins anew. */
  take(): Rows {
    const rows = this.#rows;
    this.#rows = [];
    this.#bytes = 0;
    this.count = 0;
    this.drops = 0;
    this.overflowed = false;
    return rows;
  }
}
