import type { Gap } from '../core/flow.ts';
import type { LiveCommit, LiveHub, LiveQuery } from './live-hub.ts';
import { openLiveRows, type LiveRows } from './live-rows.ts';
import { createSubscriber, type Subscriber } from './subscriber.ts';
import { createViewIndex } from './view-index.ts';

/** Fine enough for half a million rows between two numbers; what is more shares the last ones. */
const UNSTORED_STEP = 2 ** -19;
/** Rows that a source tells at once. */
const MAX_BLOCK_ROWS = 16_384;

/** The viewers of one query, which is matched once for all of them. */
type View = LiveQuery & { readonly subscribers: Set<Subscriber> };

/** Fans committed flows out to subscribers, each with its own bounded memory. */
export function createLiveHub(options: { readonly nowMs: () => number }): LiveHub {
  const views = new Map<string, View>();
  const index = createViewIndex<View>();
  const losses = { rowsShed: 0, dropRowsLost: 0, untold: 0 };
  let head = 0;

  const each = (tell: (subscriber: Subscriber) => void): void => {
    for (const { subscribers } of views.values()) for (const one of subscribers) tell(one);
  };
  const noteUnpublished = (gaps: readonly Gap[], untold: number): void => {
    if (gaps.length > 0 || untold > 0) each((subscriber) => subscriber.note(gaps, untold));
  };
  const show = (rows: LiveRows, isStored: boolean): void => {
    index.match(rows.block, ({ subscribers }, matching) => {
      const matched = rows.tell(matching);
      for (const subscriber of subscribers) subscriber.accept(rows, matched, isStored);
    });
  };
  const viewOf = (query: LiveQuery): View => {
    const known = views.get(query.text);
    if (known !== undefined) return known;
    const view = { ...query, subscribers: new Set<Subscriber>() };
    views.set(query.text, view);
    index.add(view, view.condition);
    return view;
  };

  /** Rows shown since `head` that have no number of their own. */
  let unnumbered = 0;
  const showUnstored = (columns: Uint8Array): void => {
    const at = Math.min(unnumbered + 1, 1 / UNSTORED_STEP - MAX_BLOCK_ROWS);
    const rows = openLiveRows({ firstSeq: head + at * UNSTORED_STEP, columns }, UNSTORED_STEP);
    unnumbered = at + rows.count;
    show(rows, false);
  };

  return {
    publish: (commit: LiveCommit) => {
      if (commit.head > head) unnumbered = 0;
      for (const block of views.size > 0 ? commit.blocks : []) {
        if (commit.unstored) showUnstored(block.columns);
        else show(openLiveRows(block), true);
      }
      head = Math.max(head, commit.head);
      if (views.size > 0) losses.untold += commit.untold;
      noteUnpublished(commit.gaps, commit.untold);
    },
    subscribe(query, { capacity, allowedPerSecond }) {
      const view = viewOf(query);
      const subscriber = createSubscriber({
        capacity,
        allowedPerSecond,
        nowMs: options.nowMs,
        head: () => head,
        losses,
      });
      view.subscribers.add(subscriber);
      return {
        take: subscriber.take,
        [Symbol.dispose]() {
          view.subscribers.delete(subscriber);
          if (view.subscribers.size === 0 && views.get(query.text) === view) {
            views.delete(query.text);
            index.delete(view);
          }
        },
      };
    },
    get subscribers() {
      return [...views.values()].reduce((sum, { subscribers }) => sum + subscribers.size, 0);
    },
    get losses() {
      return { ...losses };
    },
    get head() {
      return head;
    },
  };
}
