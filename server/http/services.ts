import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import type { LiveHub } from '../live/live-hub.ts';
import type { Ingest } from '../operations/ingest.ts';
import type { FlowStore } from '../store/flow-store.ts';

/** What the routes work with; `app.ts` makes it. */
export type Services = {
  readonly store: FlowStore;
  readonly hub: LiveHub;
  readonly ingest: Pick<Ingest, 'statuses'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly version: string;
  readonly demo: boolean;
};
