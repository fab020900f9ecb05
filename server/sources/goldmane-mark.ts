import type { Checkpoint, Gap } from '../core/flow.ts';
import { nanosFromSeconds } from '../core/time.ts';
import { lineJson } from './line-text.ts';
import { asInteger, isObject } from './decode/loose-json.ts';

/** Up to which bucket a stream was read, so that the next one goes on there. */
export type GoldmaneMark = {
  /** For `start_time_gte`. */
  readonly startSeconds: number;
  /** Whether flows may come that are stored already. */
  readonly mayRepeat: () => boolean;
  readonly see: (bucketStart: number) => void;
  /**
   * The burst is over. Only then does the mark move: the order of buckets within a replay is not promised. Answers
   * with what Goldmane should have told again after a reconnect and no longer has.
   */
  readonly settle: (origin: string) => Gap | undefined;
  /** `undefined` before the first burst was whole. */
  readonly checkpoint: () => Checkpoint | undefined;
};

/** All that Goldmane holds, in the form that means seconds before its now. */
const EVERYTHING = -3_600;
const BUCKET_SECONDS = 15;
/** The buckets before the mark, which flows may have reached late. */
const OVERLAP_SECONDS = 2 * BUCKET_SECONDS;

export function openGoldmaneMark(after: Checkpoint | undefined): GoldmaneMark {
  const resumed = readMark(after);
  let mark = resumed;
  let newest = resumed ?? 0;
  let earliest = Infinity;
  let isReplay = true;
  return {
    startSeconds: resumed === undefined ? EVERYTHING : resumed - OVERLAP_SECONDS,
    mayRepeat: () => isReplay,
    see: (bucketStart) => {
      if (bucketStart <= 0) return;
      newest = Math.max(newest, bucketStart);
      earliest = Math.min(earliest, bucketStart);
    },
    settle: (origin) => {
      const gap = isReplay ? forgotten(origin, resumed, earliest) : undefined;
      isReplay = false;
      if (newest > 0) mark = newest;
      return gap;
    },
    checkpoint: () =>
      mark === undefined ? undefined : (JSON.stringify({ start: mark }) as Checkpoint),
  };
}

function readMark(after: Checkpoint | undefined): number | undefined {
  const json = after === undefined ? undefined : lineJson(after);
  return json?.ok === true && isObject(json.value) ? asInteger(json.value['start']) : undefined;
}

/**
 * The bucket of the mark held a flow, so a Goldmane that still has it tells it again. One that restarted, or was out of
 * reach for more than an hour, begins later.
 */
function forgotten(origin: string, mark: number | undefined, earliest: number): Gap | undefined {
  if (mark === undefined || !Number.isFinite(earliest)) return undefined;
  if (earliest <= mark + BUCKET_SECONDS) return undefined;
  return {
    kind: 'unwatched',
    origin,
    node: '',
    from: nanosFromSeconds(mark + BUCKET_SECONDS),
    to: nanosFromSeconds(earliest),
    count: undefined,
    reason: 'goldmane disconnected',
  };
}
