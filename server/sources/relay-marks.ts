import type { Checkpoint, Flow } from '../core/flow.ts';
import { NANOS_PER_SECOND, nanos, type EpochNanos } from '../core/time.ts';

/** Relay sorts across nodes only roughly; what comes late by less than this is asked for again. */
export const OVERLAP = 5n * NANOS_PER_SECOND;
/** A node silent for this long no longer holds back where the others resume. */
const FORGET_AFTER = 600n * NANOS_PER_SECOND;
/** A ring is nearly in order of time, so what is told again may be this much older than what was asked for. */
const DISORDER = 60n * NANOS_PER_SECOND;

/** Last observed time per node. One slow node must not hide events of the others, so there is a mark for each. */
export type RelayMarks = {
  /** Notes the time of a flow that the next batch holds, or counts as lost. */
  readonly see: (flow: Flow) => void;
  /** Whether any flow was noted since the connection began. */
  readonly hasSeen: () => boolean;
  /** Whether an earlier connection may have told this flow already. */
  readonly mayRepeat: (flow: Flow) => boolean;
  /** Flows observed before this are told for the first time; `undefined` on the first start. */
  readonly repeatsFrom: EpochNanos | undefined;
  /** Where to resume, never in the future; `undefined` on the first start. */
  readonly since: EpochNanos | undefined;
  /** Newest time that an earlier connection told of the node, by the node's own clock. */
  readonly newestBefore: (node: string) => EpochNanos | undefined;
  readonly checkpoint: () => Checkpoint;
};

type Times = Map<string, EpochNanos>;

/**
 * `marks` are no later than their flows were received: a clock that is ahead, or one bad record, must not move
 * the resume point past what is still to come. `ahead` has the times that such nodes themselves told, by which
 * their flows are known again. `behind` has nodes that are heard and tell times long past, whose clocks are
 * behind: they do not hold back the others either, and what is missed of them is known by their own times.
 */
type Marks = { readonly marks: Times; readonly ahead: Times; readonly behind: Times };

/** What is known of a node within a connection. */
type Mark = { time: EpochNanos; ahead: EpochNanos | undefined; heardAt: EpochNanos };

export function openMarks(after: Checkpoint | undefined, now: EpochNanos): RelayMarks {
  const before = after === undefined ? undefined : parseMarks(after, now);
  const told: Times = new Map(
    before === undefined ? [] : [...before.behind, ...before.marks, ...before.ahead],
  );
  const known = new Map<string, Mark>();
  // When a node that is behind was heard last is not kept, so it is as if it had been just now.
  for (const [node, time] of before?.behind ?? []) {
    known.set(node, { time, ahead: undefined, heardAt: now });
  }
  for (const [node, time] of before?.marks ?? []) {
    known.set(node, { time, ahead: before?.ahead.get(node), heardAt: time });
  }
  const oldest = before && leastOf(before.marks);
  const repeatsFrom = oldest === undefined ? undefined : nanos(oldest - OVERLAP - DISORDER);
  let hasSeen = false;
  return {
    hasSeen: () => hasSeen,
    see: (flow) => {
      hasSeen = true;
      if (flow.timeFrom === 'record') note(known, flow);
    },
    mayRepeat: ({ node, observedAt }) => {
      if (repeatsFrom === undefined || observedAt < repeatsFrom) return false;
      const mark = told.get(node);
      return mark !== undefined && observedAt <= mark;
    },
    repeatsFrom,
    since: oldest === undefined ? undefined : nanos(oldest - OVERLAP),
    newestBefore: (node) => told.get(node),
    checkpoint: () => printMarks(known),
  };
}

export const earlier = (one: EpochNanos, other: EpochNanos): EpochNanos =>
  one < other ? one : other;

function leastOf(times: Times): EpochNanos | undefined {
  let least: EpochNanos | undefined;
  for (const time of times.values()) least = earlier(least ?? time, time);
  return least;
}

function note(known: Map<string, Mark>, { node, observedAt, receivedAt }: Flow): void {
  const isAhead = observedAt > receivedAt;
  const time = isAhead ? receivedAt : observedAt;
  const mark = known.get(node);
  if (mark === undefined) {
    known.set(node, { time, ahead: isAhead ? observedAt : undefined, heardAt: receivedAt });
    return;
  }
  if (time > mark.time) mark.time = time;
  if (isAhead && observedAt > (mark.ahead ?? time)) mark.ahead = observedAt;
  mark.heardAt = receivedAt;
}

type NamedTime = readonly [node: string, time: string];
type StoredTimes = Readonly<Record<string, string>>;

function parseMarks(after: Checkpoint, now: EpochNanos): Marks {
  const stored = JSON.parse(after) as {
    readonly marks: StoredTimes;
    readonly ahead?: StoredTimes;
    readonly behind?: StoredTimes;
  };
  const ahead: Times = new Map(parseTimes(stored.ahead ?? {}));
  const marks: Times = new Map();
  for (const [node, time] of parseTimes(stored.marks)) {
    // Our own clock may have been set back since.
    marks.set(node, earlier(time, now));
    if (time > now && time > (ahead.get(node) ?? 0n)) ahead.set(node, time);
  }
  const newest = greatestOf(marks);
  for (const [node, time] of marks) if (!isRecent(time, newest)) marks.delete(node);
  return { marks, ahead, behind: new Map(parseTimes(stored.behind ?? {})) };
}

const isRecent = (time: EpochNanos, newest: bigint): boolean => time >= newest - FORGET_AFTER;

function greatestOf(times: Times): bigint {
  let greatest = -(2n ** 63n);
  for (const time of times.values()) if (time > greatest) greatest = time;
  return greatest;
}

const parseTimes = (stored: StoredTimes): readonly (readonly [string, EpochNanos])[] =>
  Object.entries(stored).map(([node, time]) => [node, nanos(BigInt(time))]);

function printMarks(known: ReadonlyMap<string, Mark>): Checkpoint {
  let newest = -(2n ** 63n);
  let heard = newest;
  for (const { time, heardAt } of known.values()) {
    if (time > newest) newest = time;
    if (heardAt > heard) heard = heardAt;
  }
  const marks: NamedTime[] = [];
  const ahead: NamedTime[] = [];
  const behind: NamedTime[] = [];
  for (const [node, mark] of known) {
    if (isRecent(mark.time, newest)) {
      marks.push([node, String(mark.time)]);
      // Once its mark has caught up, that a clock was ahead no longer matters.
      if (mark.ahead !== undefined && mark.ahead > mark.time) {
        ahead.push([node, String(mark.ahead)]);
      }
    } else if (isRecent(mark.heardAt, heard)) behind.push([node, String(mark.time)]);
  }
  return JSON.stringify({
    marks: Object.fromEntries(marks),
    ...(ahead.length === 0 ? {} : { ahead: Object.fromEntries(ahead) }),
    ...(behind.length === 0 ? {} : { behind: Object.fromEntries(behind) }),
  }) as Checkpoint;
}
