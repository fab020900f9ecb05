import type { Checkpoint, Flow, FlowBatch, Gap } from '../../core/flow.ts';
import { nanos, type EpochNanos, type TimeWindow } from '../../core/time.ts';
import type { VerdictKind } from '../../core/verdict.ts';
import type { OriginRecord } from '../flow-store.ts';
import type { Connection } from './database.ts';

/** What is kept beside the flows: gaps, rejections, totals and checkpoint of each source. */
export type Ledger = {
  /** Inside the transaction that commits the batch. */
  record(
    batch: FlowBatch,
    added: readonly Flow[],
    at: { readonly firstSeq: number; readonly now: EpochNanos },
  ): void;
  checkpoint(origin: string): Checkpoint | undefined;
  gaps(within: TimeWindow): readonly Gap[];
  /** All gaps of a source. */
  gapsOf(origin: string): readonly Gap[];
  origins(): readonly OriginRecord[];
  /** Deletes gaps that ended before a time. */
  pruneGaps(before: EpochNanos): void;
};

const MAX_GAPS = 1_000;

/** Reasons kept of a source: one may quote what it rejects, and then never ends. The rest is counted together. */
const MAX_REASONS = 200;
const OTHER_REASONS = 'other reasons';

type GapRow = {
  kind: Gap['kind'];
  origin: string;
  node: string;
  from_time: bigint;
  to_time: bigint;
  count: string;
  reason: string;
};

type OriginRow = Record<VerdictKind | 'flows' | 'last_observed', bigint> & {
  origin: string;
  lost: string;
  saved_at: bigint | null;
};

type RejectionRow = { origin: string; reason: string; count: number; sample: string };

export function createLedger(db: Connection): Ledger {
  const insertGap = db.prepare(
    `INSERT INTO gaps (kind, origin, node, from_time, to_time, count, reason, before_seq)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const addRejection = db.prepare(
    `INSERT INTO rejections (origin, reason, count, sample) VALUES (?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET count = count + excluded.count`,
  );
  const hasReason = db.prepare('SELECT 1 FROM rejections WHERE origin = ? AND reason = ?').pluck();
  const countReasons = db
    .prepare<[string], number>('SELECT count(*) FROM rejections WHERE origin = ?')
    .pluck();
  const addOrigin = db.prepare(
    `INSERT INTO origins (origin, flows, allowed, dropped, audit, error, unknown, last_observed, lost)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, '0')
     ON CONFLICT DO UPDATE SET
       flows = flows + excluded.flows, allowed = allowed + excluded.allowed,
       dropped = dropped + excluded.dropped, audit = audit + excluded.audit,
       error = error + excluded.error, unknown = unknown + excluded.unknown,
       last_observed = max(last_observed, excluded.last_observed)`,
  );
  const selectLost = db
    .prepare<[string], string>('SELECT lost FROM origins WHERE origin = ?')
    .pluck();
  const saveLost = db.prepare('UPDATE origins SET lost = ? WHERE origin = ?');
  const saveCheckpoint = db.prepare(
    'INSERT OR REPLACE INTO checkpoints (origin, checkpoint, saved_at) VALUES (?, ?, ?)',
  );
  const selectCheckpoint = db
    .prepare<[string], Checkpoint>('SELECT checkpoint FROM checkpoints WHERE origin = ?')
    .pluck();
  // A gap without length, as of a single lost event, overlaps the window that holds its moment.
  const selectGaps = db
    .prepare<[bigint, bigint, bigint, bigint], GapRow>(
      `SELECT kind, origin, node, from_time, to_time, count, reason FROM gaps
       WHERE to_time >= ? AND (to_time > ? OR from_time >= ?) AND from_time < ? ORDER BY from_time, id LIMIT ${MAX_GAPS}`,
    )
    .safeIntegers();
  const selectGapsOf = db
    .prepare<[string], GapRow>(
      'SELECT kind, origin, node, from_time, to_time, count, reason FROM gaps WHERE origin = ?',
    )
    .safeIntegers();
  const selectOrigins = db
    .prepare<[], OriginRow>(
      `SELECT origins.*, saved_at FROM origins LEFT JOIN checkpoints USING (origin) ORDER BY origin`,
    )
    .safeIntegers();
  const selectRejections = db.prepare<[], RejectionRow>(
    'SELECT origin, reason, count, sample FROM rejections ORDER BY count DESC, reason',
  );
  const deleteGaps = db.prepare('DELETE FROM gaps WHERE to_time < ?');

  const addLost = (origin: string, count: bigint) => {
    addOrigin.run(origin, 0, 0, 0, 0, 0, 0, 0);
    saveLost.run((BigInt(selectLost.get(origin) ?? '0') + count).toString(), origin);
  };

  return {
    record({ origin, gaps, rejected, checkpoint }, added, { firstSeq, now }) {
      const counts = { allowed: 0, dropped: 0, audit: 0, error: 0, unknown: 0 };
      let newest = 0n;
      for (const { verdict, observedAt } of added) {
        counts[verdict.kind]++;
        if (observedAt > newest) newest = observedAt;
      }
      const { allowed, dropped, audit, error, unknown } = counts;
      addOrigin.run(origin, added.length, allowed, dropped, audit, error, unknown, newest);
      for (const gap of gaps) {
        const { kind, node, from, to, count, reason } = gap;
        const lost = count?.toString() ?? '';
        insertGap.run(kind, gap.origin, node, from, to, lost, reason, firstSeq);
        if (kind === 'lost' && count !== undefined) addLost(gap.origin, count);
      }
      for (const { reason, count, sample } of rejected) {
        const known =
          hasReason.get(origin, reason) !== undefined ||
          (countReasons.get(origin) ?? 0) < MAX_REASONS;
        addRejection.run(origin, known ? reason : OTHER_REASONS, count, sample);
      }
      if (checkpoint !== undefined) saveCheckpoint.run(origin, checkpoint, now);
    },
    checkpoint: (origin) => selectCheckpoint.get(origin),
    gaps: ({ from, to }) => selectGaps.all(from, from, from, to).map(gapOf),
    gapsOf: (origin) => selectGapsOf.all(origin).map(gapOf),
    origins() {
      const rejected = Map.groupBy(selectRejections.all(), ({ origin }) => origin);
      return selectOrigins.all().map((row) => ({
        origin: row.origin,
        flows: Number(row.flows),
        byVerdict: {
          allowed: Number(row.allowed),
          dropped: Number(row.dropped),
          audit: Number(row.audit),
          error: Number(row.error),
          unknown: Number(row.unknown),
        },
        lastObservedAt: row.flows === 0n ? undefined : nanos(row.last_observed),
        rejected: (rejected.get(row.origin) ?? []).map(({ reason, count, sample }) => ({
          reason,
          count,
          sample,
        })),
        lost: BigInt(row.lost),
        checkpointAt: row.saved_at === null ? undefined : nanos(row.saved_at),
      }));
    },
    pruneGaps: (before) => void deleteGaps.run(before),
  };
}

const gapOf = (row: GapRow): Gap => ({
  kind: row.kind,
  origin: row.origin,
  node: row.node,
  from: nanos(row.from_time),
  to: nanos(row.to_time),
  count: row.count === '' ? undefined : BigInt(row.count),
  reason: row.reason,
});
