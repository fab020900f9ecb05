/** What others may ask of the flow table. */
export type GridHandle = {
  /** Scrolls to the newest row. */
  top(): void;
  reveal(row: number): void;
  focus(): void;
};
