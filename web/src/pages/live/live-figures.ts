import type { VerdictKind } from '../../../../server/core/verdict.ts';
import type { Tick } from '../../state/stream.svelte.ts';
import { formatCount, formatRate } from '../../words/numbers.ts';

/** Matching records a second of one verdict, as the tick counted them. */
const perSecond = (tick: Tick, kind: VerdictKind): number =>
  (tick.records[kind] * 1000) / Math.max(1, tick.overMs);

/** What the figures of the drops lane count. */
export const DROPS_COUNTED =
  'dropped packets, for Calico denied connections; the verdict and the drop event of one packet count once';

/** Dropped packets a second, counted as the drops lane counts them. */
export const dropsPerSecond = (tick: Tick): number =>
  (tick.drops * 1000) / Math.max(1, tick.overMs);

/** How many of the records have rows: `rows: 200 of 8,412 allowed records/s, all drops`. Never claims more than the tick says. */
export function shownOfTotal(tick: Tick): string {
  const { records, shown, dropRowsLost } = tick;
  const others = records.audit + records.error + records.unknown;
  const allowedRows = Math.max(0, shown - (records.dropped - dropRowsLost) - others);
  const scale = 1000 / Math.max(1, tick.overMs);
  const allowed = formatRate(Math.min(records.allowed, allowedRows) * scale);
  const drops =
    dropRowsLost === 0
      ? 'all drops'
      : `${formatCount(dropRowsLost)} drop rows left out (their groups are complete)`;
  if (tick.untold > 0)
    return `${formatCount(tick.untold)} records are stored and not shown: the server is busy`;
  if (records.allowed === 0) return dropRowsLost === 0 ? 'a row for every record' : drops;
  return `rows: ${allowed} of ${formatRate(perSecond(tick, 'allowed'))} allowed records/s, ${drops}`;
}
