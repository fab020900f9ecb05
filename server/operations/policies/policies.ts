import type { Completeness } from '../../core/completeness.ts';
import type { Inventory, InventorySnapshot } from '../../core/inventory.ts';
import type { EpochNanos, TimeWindow } from '../../core/time.ts';
import type { FlowReader, PolicyHitRow } from '../../store/flow-store.ts';
import type { EvaluatedReader } from '../../store/control/read-evaluated.ts';
import { evaluatedFacts, type EvaluatedFacts } from '../attribution/evaluated-totals.ts';
import { completenessOf } from '../completeness.ts';
import { policyTotals, type PolicyTotals } from '../policy-totals.ts';
import {
  createDataplaneFinder,
  type ClusterDataplanes,
  type DataplaneFinder,
} from './cluster-dataplanes.ts';
import { createHitHistory, type HitHistory, type LastHits } from './hit-history.ts';
import { createPolicyBook, type ClusterPolicies, type PolicyBook } from './policy-objects.ts';
import { windowBack } from './policy-status.ts';
import { createVersionBook, type VersionBook } from './policy-versions.ts';

export type PoliciesQuery = {
  /** The range that hits are counted in. */
  readonly within: TimeWindow;
  readonly buckets: number;
  readonly now: EpochNanos;
  /** Policies as of this time; `undefined`: as of now. */
  readonly asOf: EpochNanos | undefined;
  /** How long a policy must not have been hit to be called unused. */
  readonly windowMs: number;
};

/** What answers about policies have in common: each is made once and remembers what it had to look for. */
export type PolicyDesk = {
  readonly reader: FlowReader;
  readonly inventory: Inventory;
  readonly book: PolicyBook;
  readonly versions: VersionBook;
  readonly dataplanes: DataplaneFinder;
  readonly history: HitHistory;
  readonly evaluated: EvaluatedReader;
};

export const createPolicyDesk = ({
  reader,
  inventory,
  evaluated,
}: Pick<PolicyDesk, 'reader' | 'inventory' | 'evaluated'>): PolicyDesk => ({
  reader,
  inventory,
  evaluated,
  book: createPolicyBook(),
  versions: createVersionBook(inventory),
  dataplanes: createDataplaneFinder(reader),
  history: createHitHistory(reader),
});

/** Everything that a list and one policy are made of. */
export type PolicyFacts = {
  readonly at: EpochNanos;
  readonly snapshot: InventorySnapshot;
  readonly clusters: readonly ClusterPolicies[];
  readonly totals: readonly PolicyTotals[];
  readonly dataplanes: ClusterDataplanes;
  readonly window: TimeWindow;
  /** Of the window. */
  readonly completeness: Completeness;
  readonly lastHits: LastHits;
  readonly evaluated: EvaluatedFacts;
  /** Hits from a whole minute on to the end of the range; asked for once each. */
  hitsSince(from: EpochNanos): Promise<readonly PolicyHitRow[]>;
};

export async function policyFacts(
  { reader, inventory, book, dataplanes, history, evaluated }: PolicyDesk,
  { within, buckets, now, asOf, windowMs }: PoliciesQuery,
): Promise<PolicyFacts> {
  const at = asOf ?? now;
  const window = windowBack(at, windowMs);
  const snapshot = asOf === undefined ? inventory.current() : await inventory.asOf(asOf);
  const [totals, found, completeness, lastHits] = await Promise.all([
    policyTotals(reader, { within, buckets }),
    dataplanes.find(),
    completenessOf(reader, window, { now, of: 'policy-hits' }),
    history.lastHits(window),
  ]);
  const asked = new Map<EpochNanos, Promise<readonly PolicyHitRow[]>>();
  return {
    ...{ at, snapshot, totals, window, completeness, lastHits },
    clusters: book.of(snapshot),
    dataplanes: found,
    evaluated: evaluatedFacts(evaluated, { within, buckets }, window),
    hitsSince(from) {
      const known = asked.get(from);
      if (known !== undefined) return known;
      const rows = reader.policyHits({ within: { from, to: within.to }, buckets: 1 });
      asked.set(from, rows);
      return rows;
    },
  };
}
