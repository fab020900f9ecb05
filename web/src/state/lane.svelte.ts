import type { DropGroupJson, Problem } from '../../../server/http/contract.ts';
import {
  arrange,
  DropLane,
  sortGroups,
  type LaneGroup,
  type LaneOrder,
  type LaneTotal,
} from './drop-lane.ts';
import { problemOf } from './failure.ts';
import { readDrops, type WindowRequest } from './live-window.ts';
import { spanOf } from './time-range.ts';

/** Old drops leave a range as it moves on: it is counted again when about this share of it has passed. */
const SHARE = 1 / 90;
const SOONEST_MS = 10_000;
const LATEST_MS = 60_000;
/** When a row may lack drops. */
const INCOMPLETE_MS = 2_000;
/** A server that is slow to count is asked less often: about a tenth of the time it counts. */
const REST = 9;

export type LaneOptions = {
  /** The newest request failed; `undefined` after one that did not. */
  readonly onproblem: (problem: Problem | undefined) => void;
};

/** The drops lane as shown. Its rows keep their places; counts change where they stand. */
export class LaneState {
  #groups = $state.raw<readonly LaneGroup[]>([]);
  #total = $state.raw<LaneTotal>({ groups: 0, count: 0 });
  #waiting = $state(0);
  #loading = $state(false);
  readonly #options: LaneOptions;
  #lane = new DropLane();
  #keys: readonly string[] = [];
  #still = false;
  #visible = true;
  #request: WindowRequest | undefined;
  #abort = new AbortController();
  #reading = false;
  #readAt = 0;
  #tookMs = 0;

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  get groups(): readonly LaneGroup[] {
    return this.#groups;
  }

  /** Of the whole range, exact. */
  get total(): LaneTotal {
    return this.#total;
  }

  /** New groups that have no row yet, because a person is reading. */
  get waiting(): number {
    return this.#waiting;
  }

  /** What is shown belongs to what was asked before. */
  get loading(): boolean {
    return this.#loading;
  }

  /**
   * Begins anew: with what the store has up to `head`, to which the stream adds. What was shown stays until
   * then; `again` when it is the same view, whose rows then keep their places.
   */
  async show(request: WindowRequest, head: number | undefined, again: boolean): Promise<void> {
    this.#abort.abort();
    this.#abort = new AbortController();
    this.#lane = new DropLane(head);
    this.#request = request;
    this.#loading = true;
    if (!again) this.#keys = [];
    await this.#read();
  }

  /** Groups of the stream since `show`. */
  receive(groups: readonly DropGroupJson[], head: number): void {
    this.#lane.addStreamed(groups, head);
  }

  setVisible(visible: boolean): void {
    this.#visible = visible;
  }

  /** Called about once a second while the stream runs; `now` is this machine's time. */
  async tick(now: number): Promise<void> {
    if (!this.#visible || this.#reading || this.#request === undefined) return;
    if (now - this.#readAt >= this.#restMs(this.#request.t, now)) await this.#read();
  }

  /** While a person reads the lane, no row moves: new groups wait. */
  setStill(still: boolean): void {
    this.#still = still;
    this.commit();
  }

  /** Puts all groups in order, those that wait too. */
  sort(by: LaneOrder): void {
    if (this.#loading) return;
    this.#keys = sortGroups(this.#lane.groups(), by).map(({ key }) => key);
    this.commit();
  }

  commit(): void {
    if (this.#loading) return;
    const { known, fresh } = arrange(this.#lane.groups(), this.#keys);
    const held = this.#still && known.length > 0 ? fresh : [];
    this.#groups = held.length > 0 ? known : [...fresh, ...known];
    this.#keys = this.#groups.map(({ key }) => key);
    this.#waiting = held.length;
    this.#total = this.#lane.total();
  }

  #restMs(t: string, now: number): number {
    const span = spanOf(t, now);
    const share = span === undefined ? LATEST_MS : (span.to - span.from) * SHARE;
    const usual = Math.min(LATEST_MS, Math.max(SOONEST_MS, share));
    const rest = Math.max(this.#tookMs, Math.min(LATEST_MS, this.#tookMs * REST));
    return Math.max(this.#lane.incomplete ? INCOMPLETE_MS : usual, rest);
  }

  async #read(): Promise<void> {
    const request = this.#request;
    if (request === undefined) return;
    const signal = AbortSignal.any([request.signal, this.#abort.signal]);
    const lane = this.#lane;
    const mark = lane.mark();
    const begun = Date.now();
    this.#reading = true;
    try {
      const answer = await readDrops({ ...request, signal }, mark.head);
      if (signal.aborted) return;
      lane.setStored(answer, mark);
      this.#loading = false;
      this.commit();
      this.#options.onproblem(undefined);
    } catch (error) {
      if (!signal.aborted) this.#options.onproblem(problemOf(error));
    } finally {
      if (lane === this.#lane) {
        this.#reading = false;
        this.#readAt = Date.now();
        this.#tookMs = this.#readAt - begun;
      }
    }
  }
}
