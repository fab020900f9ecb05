import type { DropGroupJson, GapJson, Problem } from '../../../server/http/contract.ts';
import type { LiveFrame } from '../../../server/http/live-contract.ts';
import type { LiveSocket, OpenLiveSocket } from '../api/live-socket.ts';
import type { Rows } from './rows.ts';

export type StreamStatus =
  | { readonly kind: 'off' }
  | { readonly kind: 'connecting' }
  | { readonly kind: 'open' }
  /** Lost; `since` is when, `retryAt` when it is tried again. */
  | { readonly kind: 'waiting'; readonly since: number; readonly retryAt: number };

export type Tick = Extract<LiveFrame, { kind: 'tick' }>;

export type StreamListener = {
  /** What follows belongs to the query last asked for. `again` after a lost connection. */
  onsubscribed(head: number, again: boolean): void;
  onflows(flows: Rows, bytes: number): void;
  ongroups(groups: readonly DropGroupJson[], head: number): void;
  ontick(tick: Tick): void;
  onlost(gaps: readonly GapJson[]): void;
  onproblem(problem: Problem): void;
};

export type StreamOptions = {
  readonly open: OpenLiveSocket;
  readonly urlOf: (q: string) => string;
  readonly listener: StreamListener;
};

const RETRY_MS = [1_000, 2_000, 4_000, 8_000, 15_000, 30_000] as const;

/** One connection to the live stream: subscribes, acknowledges, and comes back when it is lost. */
export class Stream {
  #status = $state.raw<StreamStatus>({ kind: 'off' });
  readonly #options: StreamOptions;
  #socket: LiveSocket | undefined;
  #q = '';
  /** Query of the connection's own address, which the server subscribes to by itself, as number 0. */
  #firstQ = '';
  #id = 0;
  /** Frames between `subscribe` and its answer belong to the query before. */
  #current = false;
  #lostSince: number | undefined;
  #attempt = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #visible = true;

  constructor(options: StreamOptions) {
    this.#options = options;
  }

  get status(): StreamStatus {
    return this.#status;
  }

  start(q: string): void {
    this.#q = q;
    this.#current = false;
    if (this.#socket === undefined) this.#connect();
    else if (this.#status.kind === 'open') this.#subscribe();
  }

  stop(): void {
    clearTimeout(this.#retry);
    this.#socket?.close();
    this.#socket = undefined;
    this.#attempt = 0;
    this.#lostSince = undefined;
    this.#status = { kind: 'off' };
  }

  /** Tries now instead of when the countdown ends. */
  retryNow(): void {
    if (this.#status.kind === 'waiting') this.#connect();
  }

  setVisible(visible: boolean): void {
    this.#visible = visible;
    this.#socket?.send({ kind: 'visible', visible });
    if (visible) this.retryNow();
  }

  #connect(): void {
    clearTimeout(this.#retry);
    this.#status = { kind: 'connecting' };
    this.#current = false;
    this.#firstQ = this.#q;
    this.#id = 0;
    this.#socket = this.#options.open({
      url: this.#options.urlOf(this.#q),
      onframe: (frame, bytes) => this.#take(frame, bytes),
      onend: () => this.#lose(),
    });
  }

  #lose(): void {
    this.#socket = undefined;
    const now = Date.now();
    this.#lostSince ??= now;
    const wait = RETRY_MS[Math.min(this.#attempt, RETRY_MS.length - 1)] ?? 30_000;
    // Jitter, so that a restarted server does not meet all its pages at once.
    const retryAt = now + wait * (0.8 + Math.random() * 0.4);
    this.#attempt += 1;
    this.#status = { kind: 'waiting', since: this.#lostSince, retryAt };
    this.#retry = setTimeout(() => this.#connect(), retryAt - now);
  }

  #subscribe(): void {
    this.#id += 1;
    this.#socket?.send({ kind: 'subscribe', id: this.#id, q: this.#q });
  }

  #take(frame: LiveFrame, bytes: number): void {
    const { listener } = this.#options;
    switch (frame.kind) {
      case 'hello':
        this.#status = { kind: 'open' };
        this.#attempt = 0;
        if (!this.#visible) this.#socket?.send({ kind: 'visible', visible: false });
        if (this.#q !== this.#firstQ) this.#subscribe();
        return;
      case 'subscribed':
        if (frame.id !== this.#id) return;
        this.#current = true;
        listener.onsubscribed(frame.head, this.#lostSince !== undefined);
        this.#lostSince = undefined;
        return;
      case 'flows':
        this.#socket?.send({ kind: 'ack', batch: frame.batch });
        if (this.#current) listener.onflows(frame.flows, bytes);
        return;
      case 'groups':
        if (this.#current) listener.ongroups(frame.groups, frame.head);
        return;
      case 'tick':
        if (this.#current) listener.ontick(frame);
        return;
      case 'lost':
        listener.onlost(frame.gaps);
        return;
      case 'error':
        listener.onproblem(frame.problem);
        return;
    }
  }
}
