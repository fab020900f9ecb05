import type { FlowsResponse } from '../../../server/http/contract.ts';
import type { FlowsRequest } from '../api/client.ts';
import type { WindowRequest } from './live-window.ts';

/** A part answers after about so long: soon enough to be told of, and to be stopped after. */
const PART_MS = 250;

/** How far a search is: flows not looked at yet, and the observed time that it has come to. */
export type SearchProgress = NonNullable<FlowsResponse['searching']>;

/** Reads older flows part by part, so that a long search says how far it is and ends when somebody wants it to. */
export class Search {
  #progress = $state.raw<SearchProgress | undefined>();
  #stopped = $state(false);
  #runs = 0;

  /** There while a part is not the last one, and after a search was stopped. */
  get progress(): SearchProgress | undefined {
    return this.#progress;
  }

  /** Somebody ended it before it was through. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** Rows are being looked for; another `run` would look for the same ones. */
  get running(): boolean {
    return this.#runs > 0;
  }

  /** The part that runs is still taken. */
  stop(): void {
    this.#stopped = true;
  }

  reset(): void {
    this.#progress = undefined;
    this.#stopped = false;
  }

  /** Gives each part to `ontake`, until `limit` flows are found, all is looked at, or it is stopped or aborted. */
  async run(
    request: WindowRequest,
    from: Pick<FlowsRequest, 'limit' | 'after'>,
    ontake: (page: FlowsResponse) => void,
  ): Promise<void> {
    this.reset();
    this.#runs += 1;
    try {
      await this.#parts(request, from, ontake);
    } finally {
      this.#runs -= 1;
    }
  }

  async #parts(
    { api, q, t, asof, signal }: WindowRequest,
    { limit, after }: Pick<FlowsRequest, 'limit' | 'after'>,
    ontake: (page: FlowsResponse) => void,
  ): Promise<void> {
    let left = limit;
    let next = after;
    for (;;) {
      const page = await api.flows(
        { q, t, asof, limit: left, after: next, order: 'newest', work: PART_MS },
        signal,
      );
      if (signal.aborted) return;
      left -= page.flows.length;
      ontake(page);
      this.#progress = page.searching ?? undefined;
      if (page.searching === null || page.next === null || left <= 0 || this.#stopped) break;
      next = page.next;
    }
    if (!this.#stopped) this.#progress = undefined;
  }
}
