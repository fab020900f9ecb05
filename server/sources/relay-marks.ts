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
  /** Where to resume; `undefined` on the first start. */
  readonly since: EpochNanos | undefined;
  /** Newest time that an earlier connection told. */
  readonly newestBefore: EpochNanos | undefined;
  readonly checkpoint: () => Checkpoint;
};

export function openMarks(after: Checkpoint | undefined, now: EpochNanos): RelayMarks {
  const before = after === undefined ? new Map<string, EpochNanos>() : parseMarks(after, now);
  const marks = new Map(before);
  const times = [...before.values()];
  const oldest = times.reduce<EpochNanos | undefined>(
    (least, time) => (least === undefined || time < least ? time : least),
    undefined,
  );
  const newestBefore = times.reduce<EpochNanos | undefined>(
    (most, time) => (most === undefined || time > most ? time : most),
    undefined,
  );
  return {
    see: ({ node, observedAt, timeFrom }) => {
      const mark = marks.get(node);
      if (timeFrom === 'record' && (mark === undefined || observedAt > mark)) {
        marks.set(node, observedAt);
      }
    },
    mayRepeat: ({ node, observedAt }) => {
      const mark = before.get(node);
      return mark !== undefined && observedAt <= mark;
    },
    since: oldest === undefined ? undefined : nanos(oldest - OVERLAP),
    newestBefore,
    checkpoint: () => printMarks(marks, now),
  };
}

function parseMarks(after: Checkpoint, now: EpochNanos): Map<string, EpochNanos> {
  const stored = JSON.parse(after) as { readonly marks: Readonly<Record<string, string>> };
  const marks = Object.entries(stored.marks).map(
    ([node, time]) => [node, nanos(BigInt(time))] as const,
  );
  return recent(new Map(marks), now);
}

function printMarks(marks: ReadonlyMap<string, EpochNanos>, now: EpochNanos): Checkpoint {
  const kept = [...recent(marks, now)].map(([node, time]) => [node, String(time)]);
  return JSON.stringify({ marks: Object.fromEntries(kept) as unknown }) as Checkpoint;
}

/** Drops the marks of nodes that fell silent. A node whose clock is ahead does not make the others look silent. */
function recent(marks: ReadonlyMap<string, EpochNanos>, now: EpochNanos): Map<string, EpochNanos> {
  let newest = 0n;
  for (const time of marks.values()) if (time > newest && time <= now) newest = time;
  return new Map([...marks].filter(([, time]) => time >= newest - FORGET_AFTER));
}
