/** Time by which something may be deleted for ever. */
export type SteadyTime = {
  /** Nanoseconds since 1970; behind the wall clock while that is ahead of what is believed. */
  now(): bigint;
};

export type SteadyTimeOptions = {
  /** Nanoseconds since 1970; may be set by anybody, to anything. */
  readonly wall: () => bigint;
  /** Nanoseconds of a clock that nobody sets. */
  readonly ticks: () => bigint;
  /** A time that was certainly once now; what lies far ahead of it is to be confirmed. */
  readonly lastKnown: bigint | undefined;
};

const SECOND = 1_000_000_000n;
const TOLERANCE = 600n * SECOND;
const SETTLE = 86_400n * SECOND;

/**
 * Follows the wall clock, but a step ahead only when it has lasted for a day: a clock that is set to 2106 for a
 * moment, or a machine that starts with one, makes nothing old. A step back is followed at once, since what it
 * spares can be deleted later.
 */
export function createSteadyTime({ wall, ticks, lastKnown }: SteadyTimeOptions): SteadyTime {
  const offsetNow = (): bigint => wall() - ticks();
  const smaller = (one: bigint, other: bigint): bigint => (one < other ? one : other);
  let believed = lastKnown === undefined ? offsetNow() : smaller(offsetNow(), lastKnown - ticks());
  /** A step ahead that is waited for to last. */
  let step: { readonly offset: bigint; readonly since: bigint } | undefined;

  return {
    now() {
      const offset = offsetNow();
      if (offset <= believed + TOLERANCE) step = undefined;
      else if (
        step === undefined ||
        offset > step.offset + TOLERANCE ||
        offset < step.offset - TOLERANCE
      ) {
        step = { offset, since: ticks() };
      }
      if (step === undefined || ticks() - step.since >= SETTLE) {
        believed = offset;
        step = undefined;
      }
      return ticks() + believed;
    },
  };
}
