import type { Gap } from '../core/flow.ts';
import type { LiveCommit, LiveHub, LiveQuery } from './live-hub.ts';
import { openLiveRows, type LiveRows, type MatchedRows } from './live-rows.ts';
import { createSubscriber, type Subscriber } from './subscriber.ts';

/** The viewers of one query, which is matched once for all of them. */
type View = LiveQuery & { readonly subscribers: Set<Subscriber> };

/** Fans committed flows out to subscribers, each with its own bounded memory. */
export function createLiveHub(options: { readonly nowMs: () => number }): LiveHub {
  const views = new Map<string, View>();
  let head = 0;

  const each = (tell: (subscriber: Subscriber) => void): void => {
    for (const { subscribers } of views.values()) for (const one of subscribers) tell(one);
  };
  const noteUnpublished = (gaps: readonly Gap[], untold: number): void => {
    if (gaps.length > 0 || untold > 0) each((subscriber) => subscriber.note(gaps, untold));
  };
  const show = (rows: LiveRows): void => {
    for (const { condition, subscribers } of views.values()) {
      const matched: MatchedRows = rows.match(condition);
      for (const subscriber of subscribers) subscriber.accept(rows, matched);
    }
  };
  const viewOf = (query: LiveQuery): View => {
    const known = views.get(query.text);
    if (known !== undefined) return known;
    const view = { ...query, subscribers: new Set<Subscriber>() };
    views.set(query.text, view);
    return view;
  };

  return {
    publish: (commit: LiveCommit) => {
      if (views.size > 0) for (const block of commit.blocks) show(openLiveRows(block));
      head = Math.max(head, commit.head);
      noteUnpublished(commit.gaps, commit.untold);
    },
    subscribe(query, { capacity, allowedPerSecond }) {
      const view = viewOf(query);
      const subscriber = createSubscriber({
        capacity,
        allowedPerSecond,
        nowMs: options.nowMs,
        head: () => head,
      });
      view.subscribers.add(subscriber);
      return {
        take: subscriber.take,
        [Symbol.dispose]() {
          view.subscribers.delete(subscriber);
          if (view.subscribers.size === 0 && views.get(query.text) === view) {
            views.delete(query.text);
          }
        },
      };
    },
    get subscribers() {
      return [...views.values()].reduce((sum, { subscribers }) => sum + subscribers.size, 0);
    },
    get head() {
      return head;
    },
  };
}
