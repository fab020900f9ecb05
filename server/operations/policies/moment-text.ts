import { formatTime, type EpochNanos } from '../../core/time.ts';

/** `2026-11-23 13:48:44 UTC`: for sentences, which nobody computes with. */
export const momentText = (at: EpochNanos): string =>
  `${formatTime(at).slice(0, 19).replace('T', ' ')} UTC`;
