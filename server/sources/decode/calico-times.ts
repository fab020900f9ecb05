import type { EpochNanos, TimeWindow } from '../../core/time.ts';
import { calicoTime } from './calico-time.ts';
import type { LooseObject } from './loose-json.ts';

export type CalicoTimes =
  | {
      readonly ok: true;
      /** When the interval ended, or the next best that the line tells; `undefined` when it tells no time. */
      readonly observedAt: EpochNanos | undefined;
      /** Only where both ends can be used. */
      readonly window: TimeWindow | undefined;
    }
  | { readonly ok: false; readonly reason: string };

/** The times of a flow-log line. A line may have none; one whose times are all no times is refused. */
export function calicoTimes(record: LooseObject): CalicoTimes {
  const start = calicoTime(record['start_time'] ?? record['startTime']);
  const end = calicoTime(record['end_time'] ?? record['endTime']);
  if (start.kind === 'unreadable' || end.kind === 'unreadable') {
    return { ok: false, reason: 'Calico line with unreadable times' };
  }
  const added = calicoTime(record['@timestamp']);
  const known = [end, start, added].find((time) => time.kind === 'time');
  if (known === undefined && (start.kind === 'out of range' || end.kind === 'out of range')) {
    return { ok: false, reason: 'Calico line with times outside 1970 to 2262' };
  }
  const window =
    start.kind === 'time' && end.kind === 'time' ? { from: start.at, to: end.at } : undefined;
  return { ok: true, observedAt: known?.at, window };
}
