import type { ChecksResponse, Problem } from '../../../server/http/contract.ts';
import type { Api } from '../api/client.ts';
import { problemOf } from './failure.ts';

/** What the flows around a dropped one tell of it, as a panel shows it. */
export class DropChecksState {
  #answer = $state.raw<ChecksResponse | undefined>();
  #problem = $state.raw<Problem | undefined>();
  readonly #api: Pick<Api, 'checks'>;
  #abort = new AbortController();

  constructor(api: Pick<Api, 'checks'>) {
    this.#api = api;
  }

  get answer(): ChecksResponse | undefined {
    return this.#answer;
  }

  get problem(): Problem | undefined {
    return this.#problem;
  }

  /** Asks about a flow, in place of the one before. */
  async read(seq: number): Promise<void> {
    this.leave();
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    try {
      const answer = await this.#api.checks(seq, signal);
      if (!signal.aborted) this.#answer = answer;
    } catch (error) {
      const problem = problemOf(error);
      if (!signal.aborted) this.#problem = problem;
    }
  }

  leave(): void {
    this.#abort.abort();
  }
}
