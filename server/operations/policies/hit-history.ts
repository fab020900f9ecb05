import { NANOS_PER_SECOND, nanos, type EpochNanos, type TimeWindow } from '../../core/time.ts';
import type { FlowReader } from '../../store/flow-store.ts';
import { refText } from './policy-names.ts';

const DAY = 86_400n * NANOS_PER_SECOND;
/** A list is waited for; what was not looked through by then is the next one's to go on with. */
const WORK_MS = 1_500;
/** Imports may add to days that have gone by. */
const KEPT_MS = 600_000;

export type LastHits = {
  /** By `refText`. */
  readonly last: ReadonlyMap<string, EpochNanos>;
  /** Days before this one were not looked through yet; the beginning of the window when all were. */
  readonly lookedFrom: EpochNanos;
};

export type HitHistory = { lastHits(window: TimeWindow): Promise<LastHits> };

type KnownDay = { readonly at: number; readonly last: ReadonlyMap<string, EpochNanos> };

/**
 * When each policy was hit last in a long window. It goes back day by day, since each costs what its minutes do and a
 * season of a busy cluster would take longer than anybody waits; days that are over are remembered.
 */
export function createHitHistory(
  reader: Pick<FlowReader, 'policyHits'>,
  { nowMs = Date.now }: { readonly nowMs?: () => number } = {},
): HitHistory {
  const days = new Map<bigint, KnownDay>();
  const read = async (within: TimeWindow): Promise<KnownDay['last']> => {
    const last = new Map<string, EpochNanos>();
    for (const { policy, lastHit } of await reader.policyHits({ within, buckets: 1 })) {
      const key = refText(policy);
      const before = last.get(key);
      if (before === undefined || lastHit > before) last.set(key, lastHit);
    }
    return last;
  };
  const dayOf = async (day: bigint): Promise<KnownDay['last']> => {
    const known = days.get(day);
    if (known !== undefined && nowMs() - known.at < KEPT_MS) return known.last;
    const last = await read({ from: nanos(day * DAY), to: nanos((day + 1n) * DAY) });
    days.set(day, { at: nowMs(), last });
    return last;
  };
  return {
    async lastHits({ from, to }) {
      const began = nowMs();
      const newest = to / DAY;
      const last = new Map(await read({ from: nanos(newest * DAY), to }));
      let day = newest - 1n;
      for (; (day + 1n) * DAY > from && nowMs() - began < WORK_MS; day--)
        for (const [key, at] of await dayOf(day))
          if (!last.has(key) && at >= from) last.set(key, at);
      const reached = (day + 1n) * DAY;
      return { last, lookedFrom: reached > from ? nanos(reached) : from };
    },
  };
}
