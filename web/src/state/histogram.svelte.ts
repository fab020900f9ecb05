import type { GapJson } from '../../../server/http/contract.ts';
import type { Api } from '../api/client.ts';
import { addCounts, type Buckets, bucketsOf, planBuckets, wantsDropAxis } from './buckets.ts';
import type { Clock } from './clock.svelte.ts';
import { problemOf } from './failure.ts';
import type { Tick } from './stream.svelte.ts';
import { absoluteText, isLiveRange, spanOf } from './time-range.ts';

/**
 * How often the stored counts replace what ticks added. Ticks count by receipt, the store by observation, so
 * that a source that catches up stands in the newest bucket until then.
 */
const REFRESH_MS = 10_000;
const WIDE_REFRESH_MS = 30_000;
const WIDE_MS = 2 * 3_600_000;

type Shown = {
  readonly q: string;
  readonly t: string;
  /** Only flows up to this sequence number. */
  readonly asof: number | undefined;
  /** Of the chart, in CSS pixels. */
  readonly width: number;
};

/** Counts over time of a query: read from the store, extended by ticks. */
export class HistogramState {
  #buckets = $state.raw<Buckets | undefined>();
  #dropAxis = $state(false);
  readonly #api: Api;
  readonly #clock: Clock;
  #view: Shown | undefined;
  #abort = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor({ api, clock }: { readonly api: Api; readonly clock: Clock }) {
    this.#api = api;
    this.#clock = clock;
  }

  get buckets(): Buckets | undefined {
    return this.#buckets;
  }

  /** Whether drops are so rare that they are drawn on an axis of their own. */
  get dropAxis(): boolean {
    return this.#dropAxis;
  }

  show(view: Shown): void {
    const old = this.#view;
    const isSame = old?.q === view.q && old.t === view.t && old.asof === view.asof;
    if (isSame && Math.abs(old.width - view.width) < 32) return;
    this.#view = view;
    void this.#load();
  }

  /** Reads the stored counts now: the stream was away, and ticks are missing. */
  refresh(): void {
    if (this.#view !== undefined) void this.#load();
  }

  leave(): void {
    this.#abort.abort();
    clearTimeout(this.#timer);
    this.#view = undefined;
  }

  add(tick: Tick): void {
    if (this.#buckets === undefined || this.#view === undefined) return;
    if (!isLiveRange(this.#view.t)) return;
    this.#set(addCounts(this.#buckets, tick.counts, Date.parse(tick.at)));
  }

  addGaps(gaps: readonly GapJson[]): void {
    if (this.#buckets === undefined) return;
    this.#set({ ...this.#buckets, gaps: [...this.#buckets.gaps, ...gaps].slice(-1_000) });
  }

  #set(buckets: Buckets): void {
    this.#buckets = buckets;
    this.#dropAxis = wantsDropAxis(buckets, this.#dropAxis);
  }

  async #load(): Promise<void> {
    this.#abort.abort();
    this.#abort = new AbortController();
    clearTimeout(this.#timer);
    const { signal } = this.#abort;
    const view = this.#view;
    const span = view === undefined ? undefined : spanOf(view.t, this.#clock.read());
    if (view === undefined || span === undefined) return;
    const plan = planBuckets(span.from, span.to, view.width);
    try {
      const summary = await this.#api.summary(
        {
          q: view.q,
          t: absoluteText(plan.from, plan.to),
          asof: view.asof,
          by: 'verdict',
          buckets: plan.count,
        },
        signal,
      );
      this.#set(bucketsOf(summary, plan));
    } catch (error) {
      // The chart keeps what it has; the table beside it tells the same failure in words.
      if (problemOf(error) === undefined) return;
    }
    if (!isLiveRange(view.t)) return;
    const wait = span.to - span.from > WIDE_MS ? WIDE_REFRESH_MS : REFRESH_MS;
    this.#timer = setTimeout(() => void this.#load(), wait);
  }
}
