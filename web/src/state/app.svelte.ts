import type { PoliciesResponse, SourcesResponse } from '../../../server/http/contract.ts';
import { createApi, type Api } from '../api/client.ts';
import { liveUrl, openLiveSocket } from '../api/live-socket.ts';
import { Clock } from './clock.svelte.ts';
import { Commands } from './commands.svelte.ts';
import { DropsState } from './drops.svelte.ts';
import { HistogramState } from './histogram.svelte.ts';
import { frozen } from './links.ts';
import { LiveState } from './live.svelte.ts';
import { Notices } from './notices.svelte.ts';
import { Poll } from './poll.svelte.ts';
import { Preferences } from './preferences.svelte.ts';
import { QueryDraft } from './query-draft.svelte.ts';
import { Router } from './router.svelte.ts';
import { SavedViews } from './saved-views.svelte.ts';

/** Everything that screens share, made once and passed down. */
export type App = {
  readonly api: Api;
  readonly clock: Clock;
  readonly router: Router;
  readonly preferences: Preferences;
  readonly draft: QueryDraft;
  readonly live: LiveState;
  readonly histogram: HistogramState;
  readonly sources: Poll<SourcesResponse>;
  readonly policies: Poll<PoliciesResponse>;
  readonly drops: DropsState;
  readonly views: SavedViews;
  readonly commands: Commands;
  readonly notices: Notices;
  /** Address that shows what is on screen whenever it is opened. */
  link(): string;
};

const SOURCES_EVERY_MS = 3_000;
const POLICIES_EVERY_MS = 5_000;
export const SPARK_BUCKETS = 40;

export function createApp(window: Window & typeof globalThis): App {
  const { document, location } = window;
  const api = createApi({ fetch: window.fetch.bind(window) });
  const clock = new Clock();
  const router = new Router(window);
  const histogram = new HistogramState({ api, clock });
  const isVisible = (): boolean => document.visibilityState === 'visible';
  const live = new LiveState({
    api,
    open: openLiveSocket,
    urlOf: (q) => liveUrl(location, q),
    onframe: (run) => void window.requestAnimationFrame(run),
    ontick: (tick) => {
      clock.sync(tick.at);
      histogram.add(tick);
    },
    onreturn: () => histogram.refresh(),
    ongaps: (gaps) => histogram.addGaps(gaps),
  });
  document.addEventListener('visibilitychange', () => live.setVisible(isVisible()));
  window.addEventListener('online', () => live.retryNow());
  return {
    api,
    clock,
    router,
    views: new SavedViews({
      api,
      storage: window.localStorage,
      newId: () => window.crypto.randomUUID(),
    }),
    commands: new Commands(),
    notices: new Notices((text) => window.navigator.clipboard.writeText(text)),
    link() {
      const head = Math.max(live.table.head, live.tick?.head ?? 0);
      return router.link(frozen(router.view, { now: clock.read(), head }));
    },
    preferences: new Preferences(window.localStorage),
    draft: new QueryDraft(),
    live,
    histogram,
    sources: new Poll({
      everyMs: SOURCES_EVERY_MS,
      isVisible,
      read: (signal) => api.sources(signal),
    }),
    drops: new DropsState({ api, isVisible, ontime: (now) => clock.sync(now) }),
    policies: new Poll({
      everyMs: POLICIES_EVERY_MS,
      isVisible,
      read: (signal) => {
        const { t, at } = router.view;
        return api.policies({ t, asof: at, buckets: SPARK_BUCKETS }, signal);
      },
    }),
  };
}
