import type { GapTotal, LedgerFacts, LedgerSpan, UnwatchedSpan } from '../../core/completeness.ts';
import type { Flow, FlowBatch } from '../../core/flow.ts';
import { NANOS_PER_SECOND, nanos, type EpochNanos, type TimeWindow } from '../../core/time.ts';
import type { WatchNote } from '../flow-store.ts';
import type { Connection } from './database.ts';

/** How completely sources were read, apart from their gaps. */
export type WatchLedger = {
  /** Inside the transaction that commits the batch. */
  record(batch: FlowBatch, added: readonly Flow[], now: EpochNanos): void;
  note(notes: readonly WatchNote[]): void;
  facts(within: TimeWindow): LedgerFacts;
  /** Forgets what lies before a time: whether it was watched says nothing once its flows are deleted. */
  prune(before: EpochNanos): void;
};

type SpanRow = {
  origin: string;
  node: string;
  kind: LedgerSpan['kind'];
  from_time: bigint;
  to_time: bigint;
  value: bigint;
};

type GapTotalRow = Omit<GapTotal, 'gaps' | 'count'> & { gaps: bigint; high: bigint; low: bigint };

type LastSpan = Pick<SpanRow, 'from_time' | 'to_time' | 'value'> & { id: bigint };

/** Notes that follow each other so closely belong together: the server ran in between. */
const RAN_ON = 60n * NANOS_PER_SECOND;
/** Aggregates come by the interval, five minutes at most unless somebody changed it. */
const AGGREGATED_ON = 900n * NANOS_PER_SECOND;
const MAX_UNWATCHED = 10_000;
const BILLION = 1_000_000_000n;

const sum = (a: bigint, b: bigint): bigint => a + b;
const greater = (a: bigint, b: bigint): bigint => (a > b ? a : b);
const further = (a: bigint, b: bigint): bigint => (a * a > b * b ? a : b);

export function createWatchLedger(db: Connection): WatchLedger {
  const { extend, last } = createSpans(db);
  const hasEnds = 'to_time >= ? AND (to_time > ? OR from_time >= ?) AND from_time < ?';
  const selectSpans = db
    .prepare<[bigint, bigint, bigint, bigint], SpanRow>(
      `SELECT origin, node, kind, from_time, to_time, value FROM ledger_spans WHERE ${hasEnds}`,
    )
    .safeIntegers();
  // Counts are decimal text of any length: summed in two parts, neither of which can overflow.
  const selectGapTotals = db
    .prepare<[bigint, bigint, bigint, bigint], GapTotalRow>(
      `SELECT origin, node, kind, reason, COUNT(*) AS gaps,
         SUM(CAST(substr(count, 1, max(0, length(count) - 9)) AS INTEGER)) AS high,
         SUM(CAST(substr(count, max(1, length(count) - 8)) AS INTEGER)) AS low
       FROM gaps WHERE ${hasEnds} GROUP BY origin, node, kind, reason`,
    )
    .safeIntegers();
  const selectUnwatched = db
    .prepare<[bigint, bigint, bigint, bigint], Pick<SpanRow, 'origin' | 'from_time' | 'to_time'>>(
      `SELECT origin, from_time, to_time FROM gaps WHERE ${hasEnds} AND kind = 'unwatched'
       ORDER BY to_time DESC LIMIT ${MAX_UNWATCHED}`,
    )
    .safeIntegers();
  const deleteOld = db.prepare('DELETE FROM ledger_spans WHERE to_time < ?');
  const clipOld = db.prepare(
    "UPDATE ledger_spans SET from_time = ? WHERE from_time < ? AND kind IN ('expected', 'watched')",
  );

  const noteOne = ({ origin, at, reading, skew }: WatchNote): void => {
    const whole = { origin, node: '' };
    extend({ ...whole, kind: 'expected', from: at, to: at, value: 0n }, RAN_ON, sum);
    if (skew !== undefined) {
      const value = BigInt(Math.trunc(skew.ms));
      extend({ origin, node: skew.node, kind: 'skewed', from: at, to: at, value }, RAN_ON, further);
    }
    if (reading === undefined) return;
    const before = last(origin, 'watched', '');
    // What resumes reads what it missed, or tells it as a gap: nothing in between is unknown.
    const from = reading.resumes && before !== undefined ? before.to_time : reading.since;
    extend(
      { ...whole, kind: 'watched', from, to: greater(from, reading.until), value: 0n },
      0n,
      sum,
    );
  };
  const noteAll = db.transaction((notes: readonly WatchNote[]) => notes.forEach(noteOne));

  return {
    record({ origin, rejected }, added, now) {
      const unread = rejected.filter(({ reason }) => !isNoFlow(reason));
      const count = unread.reduce((all, one) => all + one.count, 0);
      const whole = { origin, node: '' };
      if (count > 0) {
        const span = {
          ...whole,
          kind: 'rejected',
          from: now,
          to: now,
          value: BigInt(count),
        } as const;
        extend(span, 60n * NANOS_PER_SECOND, sum);
      }
      const aggregate = aggregateOf(added);
      if (aggregate !== undefined) {
        extend({ ...whole, kind: 'aggregated', ...aggregate }, AGGREGATED_ON, greater);
      }
    },
    note: (notes) => noteAll.immediate(notes),
    facts: ({ from, to }) => ({
      spans: selectSpans.all(from, from, from, to).map(spanOf),
      gaps: selectGapTotals.all(from, from, from, to).map(gapTotalOf),
      unwatched: selectUnwatched.all(from, from, from, to).map(unwatchedOf),
    }),
    prune(before) {
      deleteOld.run(before);
      clipOld.run(before, before);
    },
  };
}

type NewSpan = Omit<LedgerSpan, 'from' | 'to'> & { readonly from: bigint; readonly to: bigint };

function createSpans(db: Connection) {
  const selectLast = db
    .prepare<[string, string, string], LastSpan>(
      `SELECT id, from_time, to_time, value FROM ledger_spans
       WHERE origin = ? AND kind = ? AND node = ? ORDER BY to_time DESC LIMIT 1`,
    )
    .safeIntegers();
  const insert = db.prepare(
    `INSERT INTO ledger_spans (origin, node, kind, from_time, to_time, value)
     VALUES (?, ?, ?, ?, ?, ?)`,
  );
  const update = db.prepare(
    'UPDATE ledger_spans SET from_time = ?, to_time = ?, value = ? WHERE id = ?',
  );
  const last = (origin: string, kind: LedgerSpan['kind'], node: string): LastSpan | undefined =>
    selectLast.get(origin, kind, node);
  return {
    last,
    /** Lengthens the last span of its kind and place, or begins one where that ended more than `within` before. */
    extend(
      { origin, node, kind, from, to, value }: NewSpan,
      within: bigint,
      combine: (a: bigint, b: bigint) => bigint,
    ): void {
      const known = last(origin, kind, node);
      if (known === undefined || from > known.to_time + within || to < known.from_time - within) {
        insert.run(origin, node, kind, from, to, value);
        return;
      }
      const begin = from < known.from_time ? from : known.from_time;
      const value_ = combine(known.value, value);
      update.run(begin, greater(to, known.to_time), value_, known.id);
    },
  };
}

/** A record that is something else than a flow, so that no flow is missing for it. */
const isNoFlow = (reason: string): boolean => reason.endsWith('not a flow');

/** The time over which aggregates of a commit lie, and the longest of their windows. */
function aggregateOf(
  flows: readonly Flow[],
): { readonly from: bigint; readonly to: bigint; readonly value: bigint } | undefined {
  let from: bigint | undefined;
  let to = 0n;
  let value = 0n;
  for (const { window, counts, observedAt } of flows) {
    if (window === undefined && counts.events <= 1) continue;
    const begin = window === undefined || window.from > observedAt ? observedAt : window.from;
    const end = window === undefined || window.to < observedAt ? observedAt : window.to;
    if (from === undefined || begin < from) from = begin;
    if (end > to) to = end;
    if (window !== undefined) value = greater(value, window.to - window.from);
  }
  return from === undefined ? undefined : { from, to, value };
}

const spanOf = ({ from_time, to_time, ...row }: SpanRow): LedgerSpan => ({
  ...row,
  from: nanos(from_time),
  to: nanos(to_time),
});

const gapTotalOf = ({ gaps, high, low, ...row }: GapTotalRow): GapTotal => ({
  ...row,
  gaps: Number(gaps),
  count: high * BILLION + low,
});

const unwatchedOf = (row: Pick<SpanRow, 'origin' | 'from_time' | 'to_time'>): UnwatchedSpan => ({
  origin: row.origin,
  from: nanos(row.from_time),
  to: nanos(row.to_time),
});
