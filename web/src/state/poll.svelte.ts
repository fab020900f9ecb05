import type { Problem } from '../../../server/http/contract.ts';
import { problemOf } from './failure.ts';

export type PollOptions<T> = {
  readonly everyMs: number;
  readonly read: (signal: AbortSignal) => Promise<T>;
  readonly isVisible: () => boolean;
};

/** The newest answer of a request that is made again and again, one at a time. */
export class Poll<T> {
  #value = $state.raw<T | undefined>();
  #problem = $state.raw<Problem | undefined>();
  readonly #options: PollOptions<T>;
  #abort: AbortController | undefined;

  constructor(options: PollOptions<T>) {
    this.#options = options;
  }

  get value(): T | undefined {
    return this.#value;
  }

  /** Why the last request failed; the value is then an old one. */
  get problem(): Problem | undefined {
    return this.#problem;
  }

  /** Reads now, and from now on. A second call begins anew, for when what is asked for has changed. */
  start(): void {
    this.stop();
    this.#abort = new AbortController();
    void this.#run(this.#abort.signal);
  }

  stop(): void {
    this.#abort?.abort();
  }

  async #run(signal: AbortSignal): Promise<void> {
    if (this.#options.isVisible() || this.#value === undefined) await this.#read(signal);
    if (signal.aborted) return;
    setTimeout(() => {
      if (!signal.aborted) void this.#run(signal);
    }, this.#options.everyMs);
  }

  async #read(signal: AbortSignal): Promise<void> {
    try {
      const value = await this.#options.read(signal);
      if (signal.aborted) return;
      this.#value = value;
      this.#problem = undefined;
    } catch (error) {
      const problem = problemOf(error);
      if (!signal.aborted) this.#problem = problem;
    }
  }
}
