import type { QueryError } from '../../../server/query/failure.ts';

/** Whether the query bar and the result below it speak of the same query. Made once. */
export class QueryDraft {
  #error = $state.raw<QueryError | undefined>();
  #shown = $state<string | undefined>();

  /** What is wrong with the query that was applied last; `undefined` when it can be read. */
  get error(): QueryError | undefined {
    return this.#error;
  }

  /** Query of the result on screen, the last that could be read; `undefined` before the first. */
  get shown(): string | undefined {
    return this.#shown;
  }

  setError(error: QueryError | undefined): void {
    this.#error = error;
  }

  setShown(q: string | undefined): void {
    this.#shown = q;
  }
}
