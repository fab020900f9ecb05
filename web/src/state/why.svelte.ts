import type { Problem, WhyResponse } from '../../../server/http/contract.ts';
import type { Api } from '../api/client.ts';
import { problemOf } from './failure.ts';

/** Whose policies are weighed: those of the time of the flow, or today's. */
export type WhyOf = 'then' | 'now';

type Question = { readonly seq: number; readonly of: WhyOf };

/** The explanation that a panel shows. */
export class WhyState {
  #answer = $state.raw<WhyResponse | undefined>();
  #problem = $state.raw<Problem | undefined>();
  #loading = $state(false);
  readonly #api: Pick<Api, 'why'>;
  #asked: Question | undefined;
  #abort = new AbortController();

  constructor(api: Pick<Api, 'why'>) {
    this.#api = api;
  }

  /** Of the flow that was asked for last; by the other policies until those that were asked for are weighed. */
  get answer(): WhyResponse | undefined {
    return this.#answer;
  }

  get problem(): Problem | undefined {
    return this.#problem;
  }

  get loading(): boolean {
    return this.#loading;
  }

  /** `undefined`: nothing is asked, and what was is given up. */
  show(question: Question | undefined): void {
    if (question?.seq === this.#asked?.seq && question?.of === this.#asked?.of) return;
    this.#read(question);
  }

  /** Asks once more after a failure. */
  retry(): void {
    this.#read(this.#asked);
  }

  #read(question: Question | undefined): void {
    if (question?.seq !== this.#asked?.seq) this.#answer = undefined;
    this.#asked = question;
    this.#abort.abort();
    this.#abort = new AbortController();
    this.#problem = undefined;
    this.#loading = question !== undefined;
    if (question !== undefined) void this.#ask(question, this.#abort.signal);
  }

  async #ask({ seq, of }: Question, signal: AbortSignal): Promise<void> {
    try {
      const answer = await this.#api.why(seq, of, signal);
      if (!signal.aborted) this.#answer = answer;
    } catch (error) {
      const problem = problemOf(error);
      if (!signal.aborted) this.#problem = problem;
    }
    if (!signal.aborted) this.#loading = false;
  }
}
