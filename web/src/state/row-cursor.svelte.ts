import type { FlowTable } from './table.svelte.ts';

/** The cell of the keyboard. It holds on to a flow, not to a position: rows move, flows do not. */
export class RowCursor {
  #seq = $state<number | undefined>();
  #column = $state(0);
  readonly #table: FlowTable;

  constructor(table: FlowTable) {
    this.#table = table;
  }

  get seq(): number | undefined {
    return this.#seq;
  }

  get column(): number {
    return this.#column;
  }

  /** Position of the row now; -1 when there is none, or it is no longer in the table. */
  get row(): number {
    return this.#table.rows.length === 0 || this.#seq === undefined
      ? -1
      : this.#table.find(this.#seq);
  }

  set(row: number, column: number): void {
    this.#seq = this.#table.rows[row]?.seq;
    this.#column = column;
  }

  clear(): void {
    this.#seq = undefined;
  }

  /** Steps to another row, from nowhere to the first. Answers with its position. */
  moveRow(by: number): number {
    const last = this.#table.rows.length - 1;
    const row = this.row;
    const next = row < 0 ? 0 : Math.min(last, Math.max(0, row + by));
    this.#seq = this.#table.rows[next]?.seq;
    return next;
  }

  moveColumn(by: number, count: number): void {
    this.#column = Math.min(count - 1, Math.max(0, this.#column + by));
  }
}
