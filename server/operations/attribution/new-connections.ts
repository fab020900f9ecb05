import { nanos, NANOS_PER_SECOND, type EpochNanos, type TimeWindow } from '../../core/time.ts';
import type { Expression } from '../../query/ast.ts';
import { all, either, term } from '../../query/build.ts';
import type { ConnectionRow } from '../../store/connections.ts';
import type { FlowReader } from '../../store/flow-store.ts';

/** Connections that were committed in a stretch, with the events of each minute in which they were seen. */
export type MinuteRow = {
  readonly row: ConnectionRow;
  readonly minutes: readonly { readonly minute: number; readonly events: number }[];
};

type Stretch = {
  /** After this sequence number … */
  readonly after: number;
  /** … up to this one. */
  readonly upTo: number;
  /** About when they were committed. Most were seen then; others are looked for at any time. */
  readonly around: EpochNanos;
  /** Rows that may come; where there are more, nothing is told. */
  readonly limit: number;
};

const MINUTE = 60n * NANOS_PER_SECOND;
const DAY = 1_440n * MINUTE;
/** Minutes that the clocks of nodes may be ahead. */
const AHEAD = 60n * MINUTE;
/** The last whole minute of all times. */
const LAST = ((2n ** 63n - 1n) / MINUTE) * MINUTE;

/**
 * What may be a decision whose record names no policy or no rule; the records themselves are looked at by
 * `core/unnamed-decision.ts`.
 */
export function unnamedQuery(retinas: readonly string[]): Expression {
  const event = (name: string): Expression => term(undefined, 'event', name);
  const reason = (text: string): Expression => term(undefined, 'reason', text);
  const fromRetina = retinas.map((name) => term(undefined, 'source', name));
  return either([
    event('policy-verdict'),
    all([event('drop'), reason('policy')]),
    all([
      event('flow-log'),
      either([
        reason('CALICO_END_OF_TIER'),
        { kind: 'field', side: undefined, field: 'policy', values: [{ kind: 'none' }] },
      ]),
    ]),
    ...(fromRetina.length === 0 ? [] : [all([event('trace'), either(fromRetina)])]),
  ]);
}

/**
 * Rows of a stretch, each in the minutes in which it was seen, however long ago; `undefined` where there are more than
 * the limit. Days in which nothing was seen cost a look at the directory of blocks.
 */
export async function newConnections(
  reader: Pick<FlowReader, 'connections'>,
  where: Expression,
  stretch: Stretch,
): Promise<readonly MinuteRow[] | undefined> {
  const rows: MinuteRow[] = [];
  const fold = (within: TimeWindow, buckets: number, limit: number) =>
    reader.connections({
      ...{ where, within, buckets, limit },
      ...{ afterSeq: stretch.after, asOf: stretch.upTo },
    });
  const addDay = async (within: TimeWindow): Promise<boolean> => {
    const buckets = Number((within.to - within.from) / MINUTE);
    const told = await fold(within, buckets, stretch.limit - rows.length + 1);
    const begin = Number(within.from / MINUTE);
    rows.push(...told.rows.map((row) => minuteRow(row, begin)));
    return rows.length <= stretch.limit;
  };
  const addAll = async (within: TimeWindow): Promise<boolean> => {
    if (within.from >= within.to) return true;
    const [any] = (await fold(within, 1, 1)).rows;
    if (any === undefined) return true;
    const day = dayBefore(nanos(any.flow.observedAt + MINUTE), within);
    return (await addDay(day)) && (await addRest(within, day));
  };
  const addRest = async (within: TimeWindow, { from, to }: TimeWindow): Promise<boolean> =>
    (await addAll({ from: within.from, to: from })) && addAll({ from: to, to: within.to });
  const everything = { from: nanos(0n), to: nanos(LAST) };
  const day = dayBefore(nanos(stretch.around + AHEAD), everything);
  return (await addDay(day)) && (await addRest(everything, day)) ? rows : undefined;
}

/** The day that ends with the minute of a time, as far as it lies inside of a window that begins with a minute. */
function dayBefore(time: EpochNanos, { from, to }: TimeWindow): TimeWindow {
  const end = nanos((time / MINUTE) * MINUTE);
  const begin = nanos(end - DAY);
  return { from: begin > from ? begin : from, to: end < to ? end : to };
}

const minuteRow = (row: ConnectionRow, begin: number): MinuteRow => ({
  row,
  minutes: row.seenIn.map((bucket, at) => ({
    minute: begin + bucket,
    events: row.eventsIn[at] ?? 0,
  })),
});
