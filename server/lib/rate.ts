export type RateMeter = {
  add(count: number): void;
  /** A second, over the span that the meter covers. */
  perSecond(): number;
};

/** Mean rate over the last `seconds` whole seconds, from one counter a second. */
export function createRateMeter(seconds: number, nowMs: () => number): RateMeter {
  const slots = new Array<number>(seconds + 1).fill(0);
  const startedAt = Math.floor(nowMs() / 1_000);
  let current = startedAt;
  const advance = (): void => {
    const second = Math.floor(nowMs() / 1_000);
    for (let step = Math.min(second - current, slots.length); step > 0; step -= 1) {
      slots[(second - step + 1) % slots.length] = 0;
    }
    current = second;
  };
  return {
    add(count) {
      advance();
      const slot = current % slots.length;
      slots[slot] = (slots[slot] ?? 0) + count;
    },
    perSecond() {
      advance();
      const whole =
        slots.reduce((sum, count) => sum + count, 0) - (slots[current % slots.length] ?? 0);
      const covered = Math.min(seconds, current - startedAt);
      return covered === 0 ? 0 : whole / covered;
    },
  };
}
