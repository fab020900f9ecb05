import type { Edge, EdgeEnd } from '../../core/edge.ts';
import type { SeenObject } from '../../core/inventory.ts';
import type { Way } from '../../policy/form.ts';
import { defaultDeny } from './policy-change.ts';
import type { Recorded, RecordedCluster } from './recorded.ts';
import { simulateRecorded, type RecordedSimulation } from './simulate-recorded.ts';
import type { SimulatedEdge } from './simulate.ts';

/** Namespaces that are to deny by default, and in which ways. */
export type AuditScope = {
  readonly namespaces: readonly string[];
  readonly ways: readonly Way[];
};

/** What the inventory has of a cluster. */
export type AuditObject = Pick<SeenObject, 'key' | 'manifest'>;

/**
 * What becomes of recorded connections once the namespaces deny by default and nothing else changes. `denied`: it did
 * not come through when it was recorded, so it is none that could break.
 */
export type Standing = 'covered' | 'would-break' | 'undecided' | 'denied';

export type Audit = {
  /** Of the edges that the change is about. */
  readonly edges: readonly (SimulatedEdge & { readonly standing: Standing })[];
  readonly simulation: RecordedSimulation;
};

export type AuditOptions = {
  readonly scope: AuditScope;
  readonly objectsOf: (cluster: RecordedCluster) => readonly AuditObject[];
  readonly onprogress?: (done: number, of: number) => void;
  readonly signal?: AbortSignal;
};

/** Weighs what was recorded by the policies that are there and a default deny for each namespace. */
export function auditRecorded(
  recorded: Recorded,
  { scope, objectsOf, onprogress, signal }: AuditOptions,
): Audit {
  const clusters = recorded.clusters.map((cluster) => ({
    ...cluster,
    edges: cluster.edges.filter(({ edge }) => concerns(scope, edge)),
  }));
  const isolating = scope.namespaces.map((namespace) => defaultDeny(namespace, scope.ways));
  const simulation = simulateRecorded(
    { ...recorded, clusters },
    {
      // What came through is observed, whatever policies say today: they may have changed since.
      setsOf: (cluster) => ({
        before: undefined,
        after: [...objectsOf(cluster).map(({ manifest }) => manifest), ...isolating],
      }),
      ...(onprogress && { onprogress }),
      ...(signal && { signal }),
    },
  );
  const edges = simulation.edges.map((edge) => ({ ...edge, standing: standingOf(edge) }));
  return { edges, simulation };
}

/** Whether one of its ends is isolated by the change. */
export function concerns({ namespaces, ways }: AuditScope, { source, destination }: Edge): boolean {
  const isIn = (end: EdgeEnd): boolean =>
    end.kind === 'workload' && namespaces.includes(end.namespace);
  return (
    (ways.includes('egress') && isIn(source)) || (ways.includes('ingress') && isIn(destination))
  );
}

function standingOf({ outcome, before, after }: SimulatedEdge): Standing {
  if (outcome === 'newly-denied') return 'would-break';
  if (before === 'deny') return 'denied';
  return after === 'allow' ? 'covered' : 'undecided';
}
