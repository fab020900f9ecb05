import type { FlowsResponse, GapJson, Problem } from '../../../server/http/contract.ts';
import type { Api } from '../api/client.ts';
import type { OpenLiveSocket } from '../api/live-socket.ts';
import { problemOf } from './failure.ts';
import { LaneState } from './lane.svelte.ts';
import { createPainter } from './painter.ts';
import { readLastMatch, readMissed, type WindowRequest } from './live-window.ts';
import { Search } from './search.svelte.ts';
import { Stream, type StreamStatus, type Tick } from './stream.svelte.ts';
import { FlowTable } from './table.svelte.ts';
import { isLiveRange } from './time-range.ts';

export type LiveOptions = {
  readonly api: Api;
  readonly open: OpenLiveSocket;
  readonly urlOf: (q: string) => string;
  /** Runs at the next animation frame. */
  readonly onframe: (run: () => void) => void;
  readonly ontick: (tick: Tick) => void;
  /** The stream is back after it was lost. */
  readonly onreturn: () => void;
  readonly ongaps: (gaps: readonly GapJson[]) => void;
};

const FIRST_PAGE = 200;
const OLDER_PAGE = 500;

type Shown = Pick<WindowRequest, 'q' | 't' | 'asof'>;
const NOTHING: Shown = { q: '', t: '', asof: undefined };

/** The Live screen's data: one query over one range, from the store and from the stream. */
export class LiveState {
  readonly table = new FlowTable();
  readonly lane: LaneState;
  readonly search = new Search();
  #tick = $state.raw<Tick | undefined>();
  #lastMatch = $state.raw<string | null | undefined>();
  #problem = $state.raw<Problem | undefined>();
  #laneProblem = $state.raw<Problem | undefined>();
  #loading = $state(false);
  #heardAt = $state(0);
  readonly #options: LiveOptions;
  readonly #stream: Stream;
  readonly #paint: () => void;
  #ready = false;
  #view: Shown = NOTHING;
  #abort = new AbortController();

  constructor(options: LiveOptions) {
    this.#options = options;
    this.lane = new LaneState({ onproblem: (problem) => (this.#laneProblem = problem) });
    this.#paint = createPainter(
      options.onframe,
      [this.table, this.lane].map((part) => () => {
        if (this.#ready) part.commit();
      }),
    );
    this.#stream = new Stream({
      open: options.open,
      urlOf: options.urlOf,
      listener: {
        onsubscribed: (head, again) => void this.#begin(head, again),
        onflows: (rows, bytes) => this.#later(() => this.table.receive(rows, bytes)),
        ongroups: (groups, head) => this.#later(() => this.lane.receive(groups, head)),
        ontick: (tick) => this.#onTick(tick),
        onlost: options.ongaps,
        onproblem: (problem) => this.#fail(problem),
      },
    });
  }

  /** Counts of the last second; absent before the first, and for a range of the past. */
  get tick(): Tick | undefined {
    return this.#tick;
  }

  /** Time of the newest match outside an empty range; null: there is none; `undefined`: not known. */
  get lastMatch(): string | null | undefined {
    return this.#lastMatch;
  }

  get problem(): Problem | undefined {
    return this.#problem ?? this.#laneProblem;
  }

  get loading(): boolean {
    return this.#loading;
  }

  get status(): StreamStatus {
    return this.#stream.status;
  }

  /** When the stream last said something, by this machine's clock; 0: never. */
  get heardAt(): number {
    return this.#heardAt;
  }

  /** Shows a query over a range. Old rows stay until the new ones are there. */
  show(view: Shown): void {
    const { q, t, asof } = this.#view;
    if (view.q === q && view.t === t && view.asof === asof) return;
    this.#view = view;
    this.reload();
  }

  reload(): void {
    this.#abort.abort();
    this.#abort = new AbortController();
    this.#ready = false;
    this.table.reset();
    this.search.reset();
    this.#loading = true;
    this.#problem = this.#laneProblem = this.#tick = undefined;
    if (isLiveRange(this.#view.t)) {
      this.#stream.start(this.#view.q);
      return;
    }
    this.#stream.stop();
    this.table.setPaused(false);
    void this.lane.show(this.#request(), this.#view.asof, false);
    void this.#load();
  }

  /** The screen is left: nothing is asked for until the next `show`. */
  leave(): void {
    this.#abort.abort();
    this.#stream.stop();
    this.#view = NOTHING;
  }

  /** Goes on: with what waited, or from the store when that was too much. */
  resume(): void {
    const { overflowed } = this.table.held;
    this.table.setPaused(false);
    if (overflowed) this.reload();
  }

  setVisible(visible: boolean): void {
    this.#stream.setVisible(visible);
    this.lane.setVisible(visible);
  }

  retryNow(): void {
    this.#stream.retryNow();
  }

  /** More rows, unless a person stopped the search for them. */
  async loadOlder(): Promise<void> {
    if (!this.search.stopped) await this.searchOn();
  }

  async searchOn(): Promise<void> {
    const after = this.table.older;
    if (after === null || this.search.running || this.#loading) return;
    try {
      await this.search.run(this.#request(), { limit: OLDER_PAGE, after }, (page) =>
        this.table.append(page),
      );
    } catch (error) {
      this.#fail(problemOf(error));
    }
  }

  #request(): WindowRequest {
    return { api: this.#options.api, ...this.#view, signal: this.#abort.signal };
  }

  #fail(problem: Problem | undefined): void {
    if (problem === undefined) return;
    this.#problem = problem;
    this.#loading = false;
  }

  #later(take: () => void): void {
    take();
    this.#heardAt = Date.now();
    if (this.#ready) this.#paint();
  }

  #onTick(tick: Tick): void {
    const isStoredAgain = this.#tick?.storing === false && tick.storing;
    this.#tick = tick;
    // What was shown without being stored comes again, as far as its sources still have it.
    if (isStoredAgain) this.reload();
    this.#heardAt = Date.now();
    this.#options.ontick(tick);
    if (this.#ready) this.lane.commit();
    void this.lane.tick(this.#heardAt);
  }

  /** The stream has begun: what comes after `head` is its own, everything before is the store's. */
  async #begin(head: number, again: boolean): Promise<void> {
    if (again) this.#options.onreturn();
    const last = this.table.newest;
    const goesOn = again && this.#ready;
    void this.lane.show(this.#request(), head, goesOn);
    if (!goesOn || last === 0) return this.#load();
    const request = this.#request();
    // What streams in meanwhile waits, or the missed rows would find newer ones above them.
    this.#ready = false;
    try {
      const missed = await readMissed(request, last);
      // More was missed than is worth reading: begin anew, so that no hole stays in the table.
      if (missed === undefined) {
        this.table.reset();
        await this.#load();
        return;
      }
      this.table.receive(missed, 0);
      this.table.commit();
    } catch (error) {
      this.#fail(problemOf(error));
    } finally {
      if (!request.signal.aborted) this.#ready = true;
    }
  }

  async #load(): Promise<void> {
    const request = this.#request();
    const isOver = (): boolean => request.signal.aborted || this.search.stopped;
    let isFirst = true;
    this.#lastMatch = undefined;
    try {
      // The first part shows what is there; the stream goes on above it while more is searched for.
      await this.search.run(request, { limit: FIRST_PAGE }, (page) => {
        if (isFirst) this.#show(page);
        else this.table.append(page);
        isFirst = false;
      });
      if (isOver() || this.table.rows.length > 0) return;
      const lastMatch = await readLastMatch(request);
      if (!isOver()) this.#lastMatch = lastMatch;
    } catch (error) {
      this.#fail(problemOf(error));
    }
  }

  #show(page: FlowsResponse): void {
    this.table.replace(page);
    this.#problem = undefined;
    this.#loading = false;
    this.#ready = true;
  }
}
