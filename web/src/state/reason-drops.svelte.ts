import type { DropsResponse, Problem } from '../../../server/http/contract.ts';
import type { Api } from '../api/client.ts';
import { problemOf } from './failure.ts';

type Asked = { readonly q: string; readonly t: string };

const MOST_GROUPS = 10;

/** The latest drop groups of one reason. */
export class ReasonDrops {
  #answer = $state.raw<DropsResponse | undefined>();
  #problem = $state.raw<Problem | undefined>();
  readonly #api: Pick<Api, 'drops'>;
  #abort = new AbortController();

  constructor(api: Pick<Api, 'drops'>) {
    this.#api = api;
  }

  get answer(): DropsResponse | undefined {
    return this.#answer;
  }

  get problem(): Problem | undefined {
    return this.#problem;
  }

  async read({ q, t }: Asked): Promise<void> {
    this.leave();
    this.#abort = new AbortController();
    this.#answer = undefined;
    this.#problem = undefined;
    const { signal } = this.#abort;
    try {
      const answer = await this.#api.drops({ q, t, top: MOST_GROUPS, buckets: 1 }, signal);
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
