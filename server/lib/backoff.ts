export type Backoff = {
  /** Milliseconds to wait before the next try. */
  next(): number;
  /** Call after a try that went well. */
  reset(): void;
};

/** Doubles from `firstMs` to `maxMs`, with jitter of ±20 % so that many clients do not return at once. */
export function createBackoff(
  { firstMs, maxMs }: { readonly firstMs: number; readonly maxMs: number },
  random: () => number = Math.random,
): Backoff {
  let delay = firstMs;
  return {
    next() {
      const wait = delay * (0.8 + 0.4 * random());
      delay = Math.min(delay * 2, maxMs);
      return Math.round(wait);
    },
    reset() {
      delay = firstMs;
    },
  };
}
