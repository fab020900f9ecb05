import type { DropsResponse, Problem } from '../../../server/http/contract.ts';
import type { Api, MarkRequest } from '../api/client.ts';
import { problemOf } from './failure.ts';
import { readLastMatch } from './live-window.ts';
import { Poll } from './poll.svelte.ts';
import { isLiveRange } from './time-range.ts';

export type DropsOptions = {
  readonly api: Api;
  readonly isVisible: () => boolean;
  /** Told the server's time, which is where a range ends that moves with it. */
  readonly ontime: (now: string) => void;
};

export type DropsView = {
  readonly q: string;
  readonly t: string;
  /** Only flows up to this sequence number. */
  readonly asof: number | undefined;
};

/** The newest answer, and to which view it belongs. */
type Shown = DropsView & {
  readonly answer: DropsResponse;
  /** Time of the newest drop at all, of an empty answer; null: there is none. */
  readonly lastMatch: string | null | undefined;
};

const EVERY_MS = 5_000;
/** Rows that a page draws well and a person may still read; the server tells what is left out. */
const MOST_GROUPS = 300;
const BUCKETS = 40;

/** The Drops screen's data: the groups of one query over one range, counted again and again. */
export class DropsState {
  #view = $state.raw<DropsView>({ q: '', t: '', asof: undefined });
  #saving = $state(false);
  #saveProblem = $state.raw<Problem | undefined>();
  readonly #api: Api;
  readonly #poll: Poll<Shown>;

  constructor({ api, isVisible, ontime }: DropsOptions) {
    this.#api = api;
    this.#poll = new Poll({
      everyMs: EVERY_MS,
      isVisible,
      read: async (signal) => {
        const { q, t, asof } = this.#view;
        const limits = { top: MOST_GROUPS, buckets: BUCKETS };
        const answer = await api.drops({ q, t, asof, ...limits }, signal);
        if (isLiveRange(t)) ontime(answer.range.to);
        const dropped = q === '' ? 'verdict:dropped' : `verdict:dropped (${q})`;
        const lastMatch =
          answer.groups.length > 0 ? undefined : await readLastMatch({ api, q: dropped, signal });
        return { q, t, asof, answer, lastMatch };
      },
    });
  }

  get answer(): DropsResponse | undefined {
    return this.#poll.value?.answer;
  }

  get lastMatch(): string | null | undefined {
    return this.#poll.value?.lastMatch;
  }

  /** Why the last request failed; the answer is then an old one. */
  get problem(): Problem | undefined {
    return this.#poll.problem;
  }

  /** What is shown belongs to what was asked before. */
  get stale(): boolean {
    const shown = this.#poll.value;
    const { q, t, asof } = this.#view;
    return shown !== undefined && (shown.q !== q || shown.t !== t || shown.asof !== asof);
  }

  get saving(): boolean {
    return this.#saving;
  }

  /** Why the last mark could not be kept. */
  get saveProblem(): Problem | undefined {
    return this.#saveProblem;
  }

  show(view: DropsView): void {
    this.#view = view;
    this.#poll.start();
  }

  leave(): void {
    this.#poll.stop();
  }

  /** Another group is looked at: what failed for the one before is over. */
  forgetProblem(): void {
    this.#saveProblem = undefined;
  }

  /** Answers whether the mark is kept. */
  acknowledge(key: string, mark: MarkRequest): Promise<boolean> {
    return this.#save(() => this.#api.markDrop(key, mark));
  }

  /** Answers whether the mark is gone. */
  removeMark(key: string): Promise<boolean> {
    return this.#save(() => this.#api.unmarkDrop(key));
  }

  async #save(change: () => Promise<unknown>): Promise<boolean> {
    this.#saving = true;
    this.#saveProblem = undefined;
    try {
      await change();
      this.#poll.start();
      return true;
    } catch (error) {
      this.#saveProblem = problemOf(error);
      return false;
    } finally {
      this.#saving = false;
    }
  }
}
