import type { TimeWindow } from '../../core/time.ts';

/**
 * Finds in which of the equal buckets of a window a time lies; one before the window is in the first bucket, one
 * behind it in the last. It is sought from the bucket of the time before, since times come nearly in order.
 */
export function bucketSeeker(window: TimeWindow, buckets: number): (time: bigint) => number {
  const starts = bucketStarts(window, buckets);
  const last = starts.length - 1;
  let bucket = 0;
  return (time) => {
    while (bucket > 0 && time < (starts[bucket] ?? 0n)) bucket--;
    while (bucket < last && time >= (starts[bucket + 1] ?? 0n)) bucket++;
    return bucket;
  };
}

/** Where the window cannot be divided evenly, a bucket begins at the first nanosecond that lies inside it. */
function bucketStarts({ from, to }: TimeWindow, buckets: number): readonly bigint[] {
  const width = to - from;
  const count = BigInt(buckets);
  return Array.from({ length: buckets }, (_, bucket) => {
    const share = width * BigInt(bucket);
    return from + (share + count - 1n) / count;
  });
}
