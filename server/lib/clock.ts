/** Time as a dependency, so that tests own it. Both are in nanoseconds. */
export type Clock = {
  /** Since 1970. */
  now(): bigint;
};

const wallAtStart = BigInt(Date.now()) * 1_000_000n;
const ticksAtStart = process.hrtime.bigint();

/** Wall clock of this machine; follows adjustments to it, with the resolution of its monotonic clock between them. */
export function systemClock(): Clock {
  let wall = wallAtStart;
  let ticks = ticksAtStart;
  return {
    now() {
      const elapsed = process.hrtime.bigint() - ticks;
      const guess = wall + elapsed;
      const actual = BigInt(Date.now()) * 1_000_000n;
      const skew = guess - actual;
      // Within a tick of the wall clock the finer guess holds; beyond, somebody set the clock.
      if (skew > -2_000_000n && skew < 3_000_000n) return guess;
      wall = actual;
      ticks += elapsed;
      return actual;
    },
  };
}
