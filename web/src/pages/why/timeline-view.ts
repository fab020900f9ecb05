import type { Change, Explanation } from '../../../../server/core/explanation.ts';
import { formatSpan } from '../../words/time.ts';

/**
 * Where the strip is divided, in percent of its width. It is no true scale: a second between the last flow that was
 * allowed and the first that was dropped has as much room as an hour, since what happened there is the question.
 */
const ALLOWED_UNTIL = 30;
const DROPPED_FROM = 62;

export type TimelineView = {
  /** End of what was allowed, in percent; `undefined` where nothing like it is known to have been allowed. */
  readonly allowedUntil: number | undefined;
  readonly droppedFrom: number;
  readonly marks: readonly { readonly at: number; readonly change: Change }[];
  /** Between the last allowed and the first dropped: `70s`; empty where nothing was allowed. */
  readonly between: string;
};

export function timelineView(
  { timeline, changes }: Pick<Explanation, 'timeline' | 'changes'>,
  observedAt: string,
): TimelineView | undefined {
  if (timeline?.firstDropped === undefined) return undefined;
  const first = Date.parse(timeline.firstDropped.at);
  const last = timeline.lastAllowed && Date.parse(timeline.lastAllowed.at);
  const times = changes.map(({ at }) => Date.parse(at));
  const from = Math.min(last ?? first, ...times);
  const to = Math.max(first, Date.parse(observedAt), ...times);
  const stops: readonly Stop[] = [
    { time: from, at: 2 },
    ...(last === undefined ? [] : [{ time: last, at: ALLOWED_UNTIL }]),
    { time: first, at: DROPPED_FROM },
    { time: to, at: 98 },
  ];
  return {
    allowedUntil: last === undefined ? undefined : ALLOWED_UNTIL,
    droppedFrom: DROPPED_FROM,
    marks: changes.map((change, i) => ({ at: placeOf(times[i] ?? first, stops), change })),
    between: last === undefined ? '' : spanWords(first - last),
  };
}

const spanWords = (millis: number): string =>
  millis < 1_000 ? 'less than 1s' : formatSpan(millis);

type Stop = { readonly time: number; readonly at: number };

/** The place of a time, straight between the stops around it. */
function placeOf(time: number, stops: readonly Stop[]): number {
  const after = stops.findIndex((stop, i) => i > 0 && time <= stop.time);
  const right = stops[after];
  const left = stops[after - 1];
  if (left === undefined || right === undefined) return stops.at(-1)?.at ?? 0;
  const share = right.time === left.time ? 1 : (time - left.time) / (right.time - left.time);
  return left.at + Math.max(0, share) * (right.at - left.at);
}
