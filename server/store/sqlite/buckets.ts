import { halvesOf, isBefore, type Halves } from '../../columns/halves.ts';
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

/** The same for times by their halves, of which each is read where it stands. */
export function bucketOfHalves(
  window: TimeWindow,
  buckets: number,
): (times: Halves, at: number) => number {
  const starts = halvesOf(BigInt64Array.from(bucketStarts(window, buckets)));
  const last = buckets - 1;
  let bucket = 0;
  return (times, at) => {
    while (bucket > 0 && isBefore(times, at, starts, bucket)) bucket--;
    while (bucket < last && !isBefore(times, at, starts, bucket + 1)) bucket++;
    return bucket;
  };
}

/** Told of what falls into a bucket. */
export type AddToBucket = (bucket: number, events: number) => void;

/**
 * Spreads what a record counted over a span evenly over the buckets of a window: an interval of minutes would else
 * stand as one spike at its end. What lies outside of the window falls into none. Counts stay whole numbers.
 */
export function bucketSpreader(
  window: TimeWindow,
  buckets: number,
): (span: TimeWindow, events: number, add: AddToBucket) => void {
  const starts = bucketStarts(window, buckets);
  const seek = bucketSeeker(window, buckets);
  return (span, events, add) => {
    const width = Number(span.to - span.from);
    const countedBy = (time: bigint): number =>
      Math.round((events * Number(time - span.from)) / width);
    const end = span.to < window.to ? span.to : window.to;
    let at: bigint = span.from > window.from ? span.from : window.from;
    let counted = countedBy(at);
    for (let bucket = seek(at); at < end; bucket++) {
      const next = starts[bucket + 1] ?? window.to;
      at = next < end ? next : end;
      const total = countedBy(at);
      if (total > counted) add(bucket, total - counted);
      counted = total;
    }
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
