import { nanos, type EpochNanos, type TimeWindow } from '../../core/time.ts';
import type { Catalog } from './catalog.ts';

/** Observed times of the oldest and newest flow that are kept, in either set; `undefined` when there is none. */
export function spanOf(catalog: Catalog): TimeWindow | undefined {
  const { all, drops } = catalog.view();
  let from: EpochNanos | undefined;
  let to: EpochNanos | undefined;
  for (const headers of [all, drops]) {
    for (const { minObserved, maxObserved } of headers) {
      if (from === undefined || minObserved < from) from = minObserved;
      if (to === undefined || maxObserved > to) to = maxObserved;
    }
  }
  return from === undefined || to === undefined ? undefined : { from, to: nanos(to) };
}
