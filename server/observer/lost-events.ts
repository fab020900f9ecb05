import type { Gap } from '../core/flow.ts';
import { formatTime, nanos, type EpochNanos } from '../core/time.ts';
import { getFlowsResponse, HUBBLE_ROOT } from '../sources/hubble-proto.ts';
import type { ObserverParts } from './parts.ts';
import type { AskedFlows } from './request.ts';

/** Losses that sources counted, as messages between the flows that a call is told. */
export type LostEvents = Disposable & {
  /** Those that ended before a flow of this time, each once. */
  before(time: EpochNanos): Promise<readonly Buffer[]>;
  /** Those of the time asked for that are left. */
  rest(): Promise<readonly Buffer[]>;
  /** Those told since the last look, where the call follows. */
  live(): readonly Buffer[];
};

/** As many as the store answers with at once. */
const BATCH = 1_000;
const FOREVER = nanos(2n ** 63n - 2n);
const NOTHING = { kind: 'not', of: { kind: 'all' } } as const;

/**
 * Only losses with a count have a place in a LostEvent. A span that nobody watched has none, and stays out: to tell
 * it as zero lost events would say that nothing is missing.
 */
export function createLostEvents(asked: AskedFlows, parts: ObserverParts): LostEvents {
  const { reader, hub } = parts;
  const { since, number, first, follow } = asked;
  // Before the stored ones are read, so that none falls between.
  const subscription = follow
    ? hub.subscribe({ text: 'observer: losses', condition: NOTHING }, NO_ROWS)
    : undefined;
  const seen = new Set<string>();
  let from = since ?? (number === undefined && !first && !follow ? nanos(-(2n ** 63n)) : undefined);
  let pending: Gap[] = [];
  let isRead = false;

  const take = (gaps: readonly Gap[]): Gap[] =>
    gaps.filter((gap) => {
      const key = [gap.origin, gap.node, gap.from, gap.to, gap.count, gap.reason].join('\0');
      if (gap.kind !== 'lost' || gap.count === undefined || seen.has(key)) return false;
      seen.add(key);
      return true;
    });
  const fill = async (): Promise<void> => {
    while (pending.length === 0 && !isRead && from !== undefined) {
      const to = asked.until === undefined ? FOREVER : nanos(asked.until + 1n);
      const gaps: readonly Gap[] = from < to ? await reader.gaps({ from, to }) : [];
      pending = take(gaps);
      const last = gaps.at(-1)?.from;
      // Where a thousand began in one moment, the next look starts behind it.
      isRead = gaps.length < BATCH || last === undefined;
      if (last !== undefined) from = last > from ? last : nanos(from + 1n);
    }
  };
  const until = async (isDue: (gap: Gap) => boolean): Promise<Buffer[]> => {
    const due: Buffer[] = [];
    for (;;) {
      await fill();
      const [next] = pending;
      if (next === undefined || !isDue(next)) return due;
      pending.shift();
      due.push(lostEvent(next));
    }
  };

  return {
    async before(time) {
      from ??= time;
      return until(({ to }) => to <= time);
    },
    rest: () => until(() => true),
    live: () => take(subscription?.take({ rows: 'none' }).gaps ?? []).map(lostEvent),
    [Symbol.dispose]: () => subscription?.[Symbol.dispose](),
  };
}

const NO_ROWS = { capacity: 1, allowedPerSecond: 0 };

const SOURCES = HUBBLE_ROOT.lookupEnum('flow.LostEventSource').values;
const UINT64_MAX = 2n ** 64n - 1n;

function lostEvent({ node, from, to, count = 0n, reason }: Gap): Buffer {
  return getFlowsResponse.encode({
    lost_events: {
      ...(Object.hasOwn(SOURCES, reason) ? { source: reason } : {}),
      num_events_lost: String(count > UINT64_MAX ? UINT64_MAX : count),
      first: formatTime(from),
      last: formatTime(to),
    },
    node_name: node,
    time: formatTime(to),
  });
}
