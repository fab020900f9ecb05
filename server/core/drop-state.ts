import { NANOS_PER_SECOND, type EpochNanos } from './time.ts';

/** What a person has to do with a drop group. docs/drops.md says the same in words. */
export const DROP_STATES = ['new', 'ongoing', 'stopped', 'acknowledged'] as const;
export type DropState = (typeof DROP_STATES)[number];

/** A person has seen a group and lets it rest, for good or until a time. */
export type DropMark = {
  /** Fingerprint of the group. */
  readonly key: string;
  readonly acknowledgedAt: EpochNanos;
  /** The mark ends here; `undefined`: it stays. */
  readonly until: EpochNanos | undefined;
  readonly note: string;
  /** Empty while nobody signs in. */
  readonly who: string;
};

/** When a group was dropped, over all drops that are kept and not only those of a range or a query. */
export type DropHistory = {
  readonly firstAt: EpochNanos;
  readonly lastAt: EpochNanos;
  /** Bursts of drops with quiet between them: the packets of one burst tell nothing of how often it comes. */
  readonly bouts: number;
};

const MINUTE = 60n * NANOS_PER_SECOND;
/** So long a group is new, and so long its silence means nothing. */
const FRESH = 15n * MINUTE;
/** Quiet that ends a burst: retries of one connection come closer together. */
const QUIET = MINUTE;
/** A job that runs hourly has stopped when it was missed this many times. */
const MISSED = 3n;

/** The history with one more drop; a new one when there is none yet. */
export function growHistory(history: DropHistory | undefined, at: EpochNanos): DropHistory {
  if (history === undefined) return { firstAt: at, lastAt: at, bouts: 1 };
  const { firstAt, lastAt, bouts } = history;
  // A drop that is told late, or imported, joins the times but not the bursts: only those in order can be told apart.
  if (at <= lastAt) return at < firstAt ? { ...history, firstAt: at } : history;
  return { firstAt, lastAt: at, bouts: at - lastAt > QUIET ? bouts + 1 : bouts };
}

export const markHolds = ({ until }: Pick<DropMark, 'until'>, now: EpochNanos): boolean =>
  until === undefined || now < until;

export type DropStateFacts = {
  /** `undefined`: not known yet, so that nobody can say that the group is new. */
  readonly history: DropHistory | undefined;
  /** Latest drop that the answer counts, for where there is no history. */
  readonly lastAt: EpochNanos;
  readonly mark: Pick<DropMark, 'until'> | undefined;
  readonly now: EpochNanos;
};

/**
 * The state of a group at a moment. It does not depend on the range that is looked at. A group that grew, or that
 * stopped and came back, is ongoing: new means never seen before.
 */
export function dropState({ history, lastAt, mark, now }: DropStateFacts): DropState {
  if (mark !== undefined && markHolds(mark, now)) return 'acknowledged';
  const last = history === undefined || lastAt > history.lastAt ? lastAt : history.lastAt;
  if (now - last > patience(history)) return 'stopped';
  return history !== undefined && now - history.firstAt <= FRESH ? 'new' : 'ongoing';
}

/** Silence after which a group counts as stopped. */
function patience(history: DropHistory | undefined): bigint {
  const usual = history === undefined ? 0n : usualInterval(history);
  return MISSED * usual > FRESH ? MISSED * usual : FRESH;
}

/** Mean time from one burst to the next; 0 where there was but one. */
const usualInterval = ({ firstAt, lastAt, bouts }: DropHistory): bigint =>
  bouts < 2 ? 0n : (lastAt - firstAt) / BigInt(bouts - 1);
