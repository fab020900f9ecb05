import type { Checkpoint, Flow } from '../core/flow.ts';
import { NANOS_PER_SECOND, nanos, type EpochNanos } from '../core/time.ts';

/** Relay sorts across nodes only roughly; what comes late by less than this is asked for again. */
export const OVERLAP = 5n * NANOS_PER_SECOND;
/** A node silent for this long no longer holds back where the others resume. */
const FORGET_AFTER = 600n * NANOS_PER_SECOND;

/** Last observed time per node. One slow node must not hide events of the others, so there is a mark for each. */
export type RelayMarks = {
  /** Notes a committed flow's time. */
  readonly see: (flow: Flow) => void;
  /** Whether an earlier connection may have told this flow already. */
  readonly mayRepeat: (flow: Flow) => boolean;
  /** Where to resume, never in the future; `undefined` on the first start. */
  readonly since: EpochNanos | undefined;
  /** Newest time that an earlier connection told of the node, by the node's own clock. */
  readonly newestBefore: (node: string) => EpochNanos | undefined;
  readonly checkpoint: () => Checkpoint;
};

type Times = ReadonlyMap<string, EpochNanos>;

/**
 * `marks` are no later than their flows were received: a clock that is ahead, or one bad record, must not move
 * the resume point past what is still to come. `ahead` has the times that such nodes themselves told, by which
 * their flows are known again.
 */
type Marks = { readonly marks: Times; readonly ahead: Times };

export function openMarks(after: Checkpoint | undefined, now: EpochNanos): RelayMarks {
  const before: Marks =
    after === undefined ? { marks: new Map(), ahead: new Map() } : parseMarks(after, now);
  const marks = new Map(before.marks);
  const ahead = new Map(before.ahead);
  const newestBefore = (node: string): EpochNanos | undefined =>
    before.ahead.get(node) ?? before.marks.get(node);
  let oldest: EpochNanos | undefined;
  for (const time of before.marks.values()) oldest = earlier(oldest ?? time, time);
  return {
    see: ({ node, observedAt, receivedAt, timeFrom }) => {
      if (timeFrom !== 'record') return;
      raise(marks, node, earlier(observedAt, receivedAt));
      if (observedAt > receivedAt) raise(ahead, node, observedAt);
    },
    mayRepeat: ({ node, observedAt }) => {
      const mark = newestBefore(node);
      return mark !== undefined && observedAt <= mark;
    },
    since: oldest === undefined ? undefined : nanos(oldest - OVERLAP),
    newestBefore,
    checkpoint: () => printMarks({ marks, ahead }, now),
  };
}

export const earlier = (one: EpochNanos, other: EpochNanos): EpochNanos =>
  one < other ? one : other;

function raise(times: Map<string, EpochNanos>, node: string, time: EpochNanos): void {
  const known = times.get(node);
  if (known === undefined || time > known) times.set(node, time);
}

type StoredTimes = Readonly<Record<string, string>>;

function parseMarks(after: Checkpoint, now: EpochNanos): Marks {
  const stored = JSON.parse(after) as { readonly marks: StoredTimes; readonly ahead?: StoredTimes };
  const ahead = new Map(parseTimes(stored.ahead ?? {}));
  const marks = new Map<string, EpochNanos>();
  for (const [node, time] of parseTimes(stored.marks)) {
    // Our own clock may have been set back since.
    marks.set(node, earlier(time, now));
    if (time > now) raise(ahead, node, time);
  }
  return { marks: recent(marks, now), ahead };
}

const parseTimes = (stored: StoredTimes): readonly (readonly [string, EpochNanos])[] =>
  Object.entries(stored).map(([node, time]) => [node, nanos(BigInt(time))]);

function printMarks({ marks, ahead }: Marks, now: EpochNanos): Checkpoint {
  const kept = recent(marks, now);
  // Once its mark has caught up, that a clock was ahead no longer matters.
  const stillAhead = [...ahead].filter(([node, time]) => time > (kept.get(node) ?? time));
  return JSON.stringify({
    marks: printTimes([...kept]),
    ...(stillAhead.length === 0 ? {} : { ahead: printTimes(stillAhead) }),
  }) as Checkpoint;
}

const printTimes = (times: readonly (readonly [string, EpochNanos])[]): StoredTimes =>
  Object.fromEntries(times.map(([node, time]) => [node, String(time)]));

/** Drops the marks of nodes that fell silent. A node whose clock is ahead does not make the others look silent. */
function recent(marks: Times, now: EpochNanos): Times {
  let newest = 0n;
  for (const time of marks.values()) if (time > newest && time <= now) newest = time;
  return new Map([...marks].filter(([, time]) => time >= newest - FORGET_AFTER));
}
