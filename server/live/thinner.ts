/** Decides which rows a viewer gets when there are more than he asked for. */
export type Thinner = {
  /** `conversation` answers with 32 bits that are equal for all rows of a conversation. */
  admits(conversation: () => number): boolean;
};

/**
 * Keeps about `perSecond` rows a second, chosen by conversation, so that one that is shown is shown whole: both
 * ways, from the first packet to the last. The share follows the rate of the second before.
 */
export function createThinner({
  perSecond,
  nowMs,
}: {
  readonly perSecond: number;
  readonly nowMs: () => number;
}): Thinner {
  let second = Math.floor(nowMs() / 1_000);
  let seen = 0;
  let admitted = 0;
  let share = 1;
  return {
    admits(conversation) {
      const now = Math.floor(nowMs() / 1_000);
      if (now !== second) {
        share = seen === 0 || now - second > 1 ? 1 : Math.min(1, perSecond / seen);
        second = now;
        seen = 0;
        admitted = 0;
      }
      seen += 1;
      // The hard limit guards the second in which the rate jumps and the share is still that of a quiet one.
      if (admitted >= perSecond * 2) return false;
      if (share < 1 && conversation() > share * 0xffff_ffff) return false;
      admitted += 1;
      return true;
    },
  };
}
