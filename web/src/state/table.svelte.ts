import type { FlowsResponse } from '../../../server/http/contract.ts';
import {
  appendRows,
  findRow,
  HeldRows,
  joinPage,
  prependRows,
  ROW_LIMIT,
  type Rows,
} from './rows.ts';

export type Held = { readonly count: number; readonly drops: number; readonly overflowed: boolean };

const NOTHING_HELD: Held = { count: 0, drops: 0, overflowed: false };

/** Rows of the flow table: what is shown, and what waits while it stands still. */
export class FlowTable {
  #rows = $state.raw<Rows>([]);
  #held = $state.raw<Held>(NOTHING_HELD);
  #older = $state.raw<number | null>(null);
  #paused = $state(false);
  #still = false;
  #newest = 0;
  #head = 0;
  #incoming: { readonly rows: Rows; readonly bytes: number }[] = [];
  readonly #waiting = new HeldRows();

  get rows(): Rows {
    return this.#rows;
  }

  get held(): Held {
    return this.#held;
  }

  /** Where the next page of older flows begins; null when there is none, or the page keeps no more. */
  get older(): number | null {
    return this.#rows.length < ROW_LIMIT ? this.#older : null;
  }

  /** Newest sequence number of the store when the rows were read from it. */
  get head(): number {
    return this.#head;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** Highest sequence number that was shown or waits; 0: none. */
  get newest(): number {
    // A flow that is shown without being stored stands between two numbers.
    return Math.floor(this.#newest);
  }

  /** Position of a flow, or -1. */
  find(seq: number): number {
    return findRow(this.#rows, seq);
  }

  /** Takes rows of the stream, in commit order; `commit` shows them. */
  receive(rows: Rows, bytes: number): void {
    this.#incoming.push({ rows, bytes });
    for (const { seq } of rows) this.#newest = Math.max(this.#newest, seq);
  }

  /** Forgets what waits; the rows on screen stay until `replace`. */
  reset(): void {
    this.#incoming = [];
    this.#waiting.take();
    this.#held = NOTHING_HELD;
  }

  /** Shows the first page of a new view, under what the stream has told since. */
  replace(page: FlowsResponse): void {
    const streamed = this.#incoming.flatMap(({ rows }) => rows);
    this.#incoming = [];
    this.#rows = joinPage(prependRows([], streamed), page.flows, page.head);
    this.#newest = this.#rows[0]?.seq ?? 0;
    this.#older = page.next;
    this.#head = page.head;
  }

  append(page: FlowsResponse): void {
    this.#rows = appendRows(this.#rows, page.flows);
    this.#older = page.next;
  }

  /** Shows what came, or lets it wait. Called once an animation frame. */
  commit(): void {
    const incoming = this.#incoming;
    this.#incoming = [];
    // After an overflow the rows on screen end before a hole: nothing may go on top until they are read anew.
    if (this.#paused || this.#still || this.#waiting.overflowed) {
      for (const { rows, bytes } of incoming) this.#waiting.add(rows, bytes);
      const { count, drops, overflowed } = this.#waiting;
      this.#held = { count, drops, overflowed };
      return;
    }
    const fresh = incoming.flatMap(({ rows }) => rows);
    if (fresh.length > 0) this.#rows = prependRows(this.#rows, fresh);
  }

  setPaused(paused: boolean): void {
    this.#paused = paused;
    this.#release();
  }

  /** Holds the table where it is: scrolled away from the top, or a row chosen. */
  setStill(still: boolean): void {
    if (still === this.#still) return;
    this.#still = still;
    this.#release();
  }

  #release(): void {
    // What overflowed is no longer here: the rows come from the store again, which the owner asks for.
    if (this.#paused || this.#still || this.#waiting.overflowed) return;
    const rows = this.#waiting.take();
    this.#held = NOTHING_HELD;
    if (rows.length > 0) this.#rows = prependRows(this.#rows, rows);
  }
}
