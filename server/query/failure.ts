/** What is wrong with a query, where, and what to write instead. */
export type QueryError = {
  /** A sentence or two for a person; holds an example where one helps. */
  readonly message: string;
  /** Half-open span in the query text, in UTF-16 units. */
  readonly from: number;
  readonly to: number;
  /** Text that may replace the span. */
  readonly suggestion?: string;
};

export type Span = { readonly from: number; readonly to: number };

/** Ends parsing; `parseQuery` turns it into its answer. */
export class QueryFailure extends Error {
  override readonly name = 'QueryFailure';
  readonly error: QueryError;

  constructor(message: string, { from, to }: Span, suggestion?: string) {
    super(message);
    this.error =
      suggestion === undefined ? { message, from, to } : { message, from, to, suggestion };
  }
}
