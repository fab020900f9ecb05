import type { TimeWindow } from '../../core/time.ts';

/**
 * Where each of the equal buckets of a window begins. Where the window cannot be divided evenly, a bucket
 * begins at the first nanosecond that lies inside it.
 */
export function bucketStarts({ from, to }: TimeWindow, buckets: number): readonly bigint[] {
  const width = to - from;
  const count = BigInt(buckets);
  return Array.from({ length: buckets }, (_, bucket) => {
    const share = width * BigInt(bucket);
    return from + (share + count - 1n) / count;
  });
}
