import {
  kindName,
  keyText,
  type Inventory,
  type InventorySnapshot,
  type ObjectVersion,
  type SeenObject,
} from '../../core/inventory.ts';
import { nanos, type EpochNanos } from '../../core/time.ts';
import { snapshotOf } from '../inventory-snapshot.ts';

/** Objects of files, which say nothing of time: they stand for every moment. */
export function filesInventory(objects: readonly SeenObject[], now: EpochNanos): Inventory {
  const from = nanos(0n);
  const versions = objects.map((object): ObjectVersion => ({
    ...object,
    ...{ source: 'files', from, until: undefined, how: 'read' },
  }));
  const coverage = [...new Set(objects.map(({ key }) => kindName(key)))].map((kind) => ({
    ...{ source: 'files', cluster: '', kind, from, until: now },
  }));
  const at = (time: EpochNanos): InventorySnapshot => snapshotOf(time, versions, coverage);
  return {
    asOf: (time) => Promise.resolve(at(time)),
    current: () => at(now),
    versions: (key) =>
      Promise.resolve(versions.filter((version) => keyText(version.key) === keyText(key))),
  };
}
