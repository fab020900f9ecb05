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
  let waiting: Buffer[] = [];
  let isUnsettled = false;
  let isEnded = false;
  let heldAt: number | undefined;
  let longestMs = 0;
  let wake: (() => void) | undefined;
  let hold: (isHeld: boolean) => void = () => undefined;

  /** Answers whether something happened; false when the time is over. */
  const pause = (ms: number | undefined): Promise<boolean> =>
    new Promise((resolve) => {
      const done = (happened: boolean): void => {
        clearTimeout(timer);
        wake = undefined;
        resolve(happened);
      };
      const timer = ms === undefined ? undefined : setTimeout(() => done(false), ms);
      wake = () => done(true);
    });
  const isFull = (): boolean => waiting.length >= BATCH_MESSAGES;

  return {
    push: (message) => {
      waiting.push(message);
      isUnsettled = true;
      if (isFull() && heldAt === undefined) {
        heldAt = performance.now();
        hold(true);
      }
      if (waiting.length === 1 || isFull()) wake?.();
    },
    end: () => {
      isEnded = true;
      wake?.();
    },
    next: async () => {
      for (;;) {
        if (waiting.length > 0) {
          if (!isFull() && !isEnded) await pause(BATCH_MS);
          return 'messages';
        }
        if (isEnded) return 'ended';
        const happened = await pause(isUnsettled ? settleMs : undefined);
        if (!happened) {
          isUnsettled = false;
          return 'quiet';
        }
      }
    },
    onHold: (listener) => {
      hold = listener;
    },
    take: () => {
      const taken = waiting;
      waiting = [];
      if (heldAt !== undefined) {
        longestMs = Math.max(longestMs, performance.now() - heldAt);
        heldAt = undefined;
        hold(false);
      }
      return taken;
    },
    waitedMs: () => {
      const longest = longestMs;
      longestMs = 0;
      return longest;
    },
  };
}
