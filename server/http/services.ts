import type { Inventory, InventoryStatus } from '../core/inventory.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import type { LiveHub } from '../live/live-hub.ts';
import type { Writer } from '../operations/ingest.ts';
import type { ControlStore } from '../store/control/control-store.ts';
import type { FlowReader, ReadLoad } from '../store/flow-store.ts';

/** What the routes work with; `app.ts` makes it. */
export type Services = {
  readonly reader: FlowReader;
  readonly readLoad: () => ReadLoad;
  readonly writer: Writer;
  readonly hub: LiveHub;
  /** Marks and saved views. */
  readonly control: ControlStore;
  /** Policies and what they select, with their history. */
  readonly inventory: Inventory & { statuses(): readonly InventoryStatus[] };
  readonly clock: Clock;
  readonly log: Logger;
  readonly version: string;
  readonly demo: boolean;
};
