/** A clock that stands still until it is told. */
export type HandClock = {
  /** Nanoseconds since 1970. */
  now(): bigint;
  advance(seconds: number): void;
};

export function handClock(start: string): HandClock {
  let time = BigInt(Date.parse(start)) * 1_000_000n;
  return {
    now: () => time,
    advance: (seconds) => {
      time += BigInt(Math.round(seconds * 1000)) * 1_000_000n;
    },
  };
}
