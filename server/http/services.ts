import type { InventoryStatus } from '../core/inventory.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import type { LiveHub } from '../live/live-hub.ts';
import type { Analyses } from '../operations/analyses.ts';
import type { Attribution } from '../operations/attribution/keep-attribution.ts';
import type { Writer } from '../operations/ingest.ts';
import type { ControlStore } from '../store/control/control-store.ts';
import type { FlowReader, ReadLoad } from '../store/flow-store.ts';

/** What the routes work with; `app.ts` makes it. */
export type Services = {
  readonly reader: FlowReader;
  readonly readLoad: () => ReadLoad;
  /** What is too much work for this process. */
  readonly analyses: Analyses;
  readonly analysisLoad: () => ReadLoad;
  readonly writer: Writer;
  readonly hub: LiveHub;
  /** Marks and saved views. */
  readonly control: ControlStore;
  /** How far hits that no record names are evaluated. */
  readonly attribution: Pick<Attribution, 'progress'>;
  /** Where policies and what they select come from. */
  readonly inventory: { statuses(): readonly InventoryStatus[] };
  readonly clock: Clock;
  readonly log: Logger;
  readonly version: string;
  readonly demo: boolean;
};
