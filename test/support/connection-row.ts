import type { Flow } from '../../server/core/flow.ts';
import { nanos, type EpochNanos } from '../../server/core/time.ts';
import type { ConnectionRow } from '../../server/store/connections.ts';
import { aFlow, stored } from './flow.ts';

const BEGIN = 1_770_000_000_000_000_000n;

/** The beginning of the window of these rows, and so many hours later. */
export const hour = (hours: number): EpochNanos =>
  nanos(BEGIN + BigInt(Math.round(hours * 3_600)) * 1_000_000_000n);

let made = 0;

/** A row for one flow, seen so often in the hours that are told. */
export function aRow(
  flow: Partial<Flow> = {},
  {
    events = 1,
    hours = [0],
  }: { readonly events?: number; readonly hours?: readonly number[] } = {},
): ConnectionRow {
  made += 1;
  const [first = 0] = hours;
  const lastAt = hour((hours.at(-1) ?? 0) + 0.5);
  return {
    flow: stored(aFlow({ event: 'policy-verdict', ...flow, observedAt: lastAt }), made),
    records: events,
    events,
    firstAt: hour(first),
    lastAt,
    seenIn: hours,
    eventsIn: hours.map((_, at) => (at === 0 ? events : 0)),
  };
}
