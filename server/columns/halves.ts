/**
 * Times as two 32-bit halves each, the lower one first: where times of every row are compared, bigints would take
 * longer than all the rest.
 */
export type Halves = Int32Array;

export const halvesOf = (times: BigInt64Array): Halves =>
  new Int32Array(times.buffer, times.byteOffset, times.length * 2);

/** Whether one time is earlier than another, each by its place. */
export function isBefore(a: Halves, at: number, b: Halves, bt: number): boolean {
  const highA = a[at * 2 + 1] ?? 0;
  const highB = b[bt * 2 + 1] ?? 0;
  if (highA !== highB) return highA < highB;
  return (a[at * 2] ?? 0) >>> 0 < (b[bt * 2] ?? 0) >>> 0;
}

export function copyTime(from: Halves, at: number, to: Halves, bt: number): void {
  to[bt * 2] = from[at * 2] ?? 0;
  to[bt * 2 + 1] = from[at * 2 + 1] ?? 0;
}
