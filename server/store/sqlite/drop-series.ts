import type { TimeWindow } from '../../core/time.ts';
import { bucketSeeker, bucketSpreader } from './buckets.ts';
import type { DropRow } from './drop-rows.ts';

/** Counts over time of many groups. */
export type DropSeries = {
  add(key: string, drop: Pick<DropRow, 'observedAt' | 'window'>, count: number): void;
  of(key: string): readonly number[];
};

const FIRST_GROUPS = 256;

/** One array for all groups: a scan of ports makes as many as there are ports, each with an array of its own else. */
export function createDropSeries(within: TimeWindow, buckets: number): DropSeries {
  if (buckets === 0) return { add: () => undefined, of: () => [] };
  const seek = bucketSeeker(within, buckets);
  const spread = bucketSpreader(within, buckets);
  const places = new Map<string, number>();
  let counts = new Float64Array(FIRST_GROUPS * buckets);

  const placeOf = (key: string): number => {
    const known = places.get(key);
    if (known !== undefined) return known;
    const place = places.size * buckets;
    if (place === counts.length) {
      const larger = new Float64Array(counts.length * 2);
      larger.set(counts);
      counts = larger;
    }
    places.set(key, place);
    return place;
  };

  return {
    add(key, { observedAt, window }, count) {
      const place = placeOf(key);
      const into = (bucket: number, events: number): void => {
        counts[place + bucket] = (counts[place + bucket] ?? 0) + events;
      };
      if (window !== undefined && window.to > window.from) spread(window, count, into);
      else into(seek(observedAt), count);
    },
    of(key) {
      const place = placeOf(key);
      return [...counts.subarray(place, place + buckets)];
    },
  };
}
