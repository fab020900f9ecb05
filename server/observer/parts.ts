import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import type { LiveHub } from '../live/live-hub.ts';
import type { Writer } from '../operations/ingest.ts';
import type { FlowReader } from '../store/flow-store.ts';

/** What the Observer API works with; `app.ts` makes it. */
export type ObserverParts = {
  readonly reader: FlowReader;
  readonly writer: Pick<Writer, 'statuses' | 'storeStatus'>;
  readonly hub: LiveHub;
  readonly clock: Clock;
  readonly log: Logger;
  readonly version: string;
};
