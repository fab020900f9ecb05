import type { InventorySnapshot } from '../../core/inventory.ts';
import { nanos, type EpochNanos, type TimeWindow } from '../../core/time.ts';
import { either, term } from '../../query/build.ts';
import type { FlowReader } from '../../store/flow-store.ts';
import { completenessOf } from '../completeness.ts';
import { ofCluster } from '../why/engine-at.ts';
import { auditJson } from './audit-json.ts';
import type { AuditJson } from './audit-shapes.ts';
import type { AuditOptions, AuditScope } from './audit.ts';
import type { AuditFacts } from './gates.ts';
import { readRecorded } from './recorded.ts';

export type AuditStoredOptions = Pick<AuditOptions, 'onprogress' | 'signal'> & {
  readonly scope: AuditScope;
  readonly within: TimeWindow;
  readonly now: EpochNanos;
  /** Policies, and what comes and goes by itself, as they are now. */
  readonly snapshot: InventorySnapshot;
};

/** Audits what a store holds of a window, by the inventory beside it. */
export async function auditStored(
  reader: FlowReader,
  { scope, within, now, snapshot, onprogress, signal }: AuditStoredOptions,
): Promise<AuditJson> {
  const where = either(scope.namespaces.map((name) => term(undefined, 'ns', name)));
  const [recorded, facts] = await Promise.all([
    readRecorded(reader, { within, where, dataplane: undefined, ...(signal && { signal }) }),
    factsOf(reader, { within, now, snapshot }),
  ]);
  const namespaces = new Set(scope.namespaces);
  return auditJson(recorded, facts, {
    ...{ scope, objectsOf: ({ cluster }) => ofCluster(snapshot, { cluster, namespaces }) },
    ...(onprogress && { onprogress }),
    ...(signal && { signal }),
  });
}

async function factsOf(
  reader: FlowReader,
  { within, now, snapshot }: Pick<AuditStoredOptions, 'within' | 'now' | 'snapshot'>,
): Promise<AuditFacts> {
  const [completeness, ledger, span, seen] = await Promise.all([
    completenessOf(reader, within, { now, of: 'flows' }),
    reader.ledger(within),
    reader.span(),
    reader.summarize({ where: undefined, within, by: ['verdict'], buckets: 1, top: 10 }),
  ]);
  const { removedBefore, watched, lost, rejected } = completeness;
  const kinds = new Set(snapshot.coverage.map(({ kind }) => kind));
  const from = removedBefore !== undefined && span !== undefined && removedBefore > span.from;
  return {
    asked: within,
    // Before what retention removed some, flows that are left prove nothing.
    stored: span && { from: from ? removedBefore : span.from, to: nanos(span.to + 1n) },
    watched,
    events: {
      seen: seen.rows.reduce((sum, { events }) => sum + events, 0),
      lost: Number(lost) + rejected,
      uncounted: ledger.gaps
        .filter(({ kind, count }) => kind === 'lost' && count === 0n)
        .reduce((sum, { gaps }) => sum + gaps, 0),
    },
    knowsPolicies: [...kinds].some((kind) => kind.includes('NetworkPolicy')),
    knowsSchedules: kinds.has('CronJob.batch') && kinds.has('Job.batch'),
  };
}
