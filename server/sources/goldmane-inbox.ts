/** Messages of one stream that wait to be stored. */
export type GoldmaneInbox = {
  readonly push: (message: Buffer) => void;
  /** No more comes. */
  readonly end: () => void;
  /**
   * Resolves with `messages` when a batch waits, with `quiet` once after messages when none came for a while, and
   * with `ended` when nothing is left.
   */
  readonly next: () => Promise<'messages' | 'quiet' | 'ended'>;
  readonly take: () => readonly Buffer[];
  /** Calls the listener when the sender has to wait, and when it may go on. */
  readonly onHold: (listener: (isHeld: boolean) => void) => void;
  /** For how long the sender has been made to wait, at most, since the last call. */
  readonly waitedMs: () => number;
};

/** How long the first message of a batch waits for more; buckets come in bursts. */
const BATCH_MS = 100;
const BATCH_MESSAGES = 8_192;

/** While a whole batch is there its sender has to wait. `settleMs` of silence are `quiet`. */
export function createGoldmaneInbox({ settleMs }: { readonly settleMs: number }): GoldmaneInbox {
  const bell = createBell();
  const brake = createBrake();
  let waiting: Buffer[] = [];
  let isUnsettled = false;
  let isEnded = false;
  const isFull = (): boolean => waiting.length >= BATCH_MESSAGES;
  return {
    push: (message) => {
      waiting.push(message);
      isUnsettled = true;
      if (isFull()) brake.hold();
      if (waiting.length === 1 || isFull()) bell.ring();
    },
    end: () => {
      isEnded = true;
      bell.ring();
    },
    next: async () => {
      for (;;) {
        if (waiting.length > 0) {
          if (!isFull() && !isEnded) await bell.wait(BATCH_MS);
          return 'messages';
        }
        if (isEnded) return 'ended';
        const happened = await bell.wait(isUnsettled ? settleMs : undefined);
        if (!happened) {
          isUnsettled = false;
          return 'quiet';
        }
      }
    },
    onHold: brake.onHold,
    take: () => {
      const taken = waiting;
      waiting = [];
      brake.release();
      return taken;
    },
    waitedMs: brake.waitedMs,
  };
}

/** Wakes the one who waits. */
function createBell() {
  let wake: (() => void) | undefined;
  return {
    ring: (): void => wake?.(),
    /** Answers whether it rang; false when the time is over. */
    wait: (ms: number | undefined): Promise<boolean> =>
      new Promise((resolve) => {
        const done = (rang: boolean): void => {
          clearTimeout(timer);
          wake = undefined;
          resolve(rang);
        };
        const timer = ms === undefined ? undefined : setTimeout(() => done(false), ms);
        wake = () => done(true);
      }),
  };
}

/** Makes the sender wait, and measures for how long. */
function createBrake() {
  let heldAt: number | undefined;
  let longestMs = 0;
  let tell: (isHeld: boolean) => void = () => undefined;
  return {
    onHold(listener: (isHeld: boolean) => void): void {
      tell = listener;
    },
    hold(): void {
      if (heldAt !== undefined) return;
      heldAt = performance.now();
      tell(true);
    },
    release(): void {
      if (heldAt === undefined) return;
      longestMs = Math.max(longestMs, performance.now() - heldAt);
      heldAt = undefined;
      tell(false);
    },
    waitedMs(): number {
      const longest = longestMs;
      longestMs = 0;
      return longest;
    },
  };
}
