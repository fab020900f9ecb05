import type { InventoryStatus } from '../core/inventory.ts';
import { formatTime, type EpochNanos } from '../core/time.ts';
import type { InventorySourceJson } from '../formats/api-json.ts';

const timeOrNull = (time: EpochNanos | undefined): string | null =>
  time === undefined ? null : formatTime(time);

/** One inventory source as the API shows it. */
export const inventorySourceJson = ({
  stateSince,
  retryAt,
  lastEventAt,
  ...status
}: InventoryStatus): InventorySourceJson => ({
  ...status,
  stateSince: formatTime(stateSince),
  retryAt: timeOrNull(retryAt),
  lastEventAt: timeOrNull(lastEventAt),
});
