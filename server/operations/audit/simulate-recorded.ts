import type { Manifest } from '../../core/manifest.ts';
import type { Dataplane } from '../../policy/facts.ts';
import { createEngineBuilder } from '../../policy/engine-builder.ts';
import type { Recorded, RecordedCluster } from './recorded.ts';
import { simulate, type Outcome, type SimulatedEdge } from './simulate.ts';

/** The sets of objects that are compared, policies and what they select; `before` where it is known. */
export type ComparedSets = {
  readonly before: readonly Manifest[] | undefined;
  readonly after: readonly Manifest[];
};

export type RecordedSimulation = {
  readonly edges: readonly SimulatedEdge[];
  readonly counts: Readonly<Record<Outcome, number>>;
  readonly weighed: number;
  readonly clusters: readonly { readonly cluster: string; readonly dataplane: Dataplane }[];
  /** Policies that were weighed, after the change. */
  readonly policies: number;
  /** Those of the sets that the dataplane of their cluster does not enforce, by name. */
  readonly notEnforced: readonly string[];
};

export type SimulateRecordedOptions = {
  readonly setsOf: (cluster: RecordedCluster) => ComparedSets;
  readonly onprogress?: (done: number, of: number) => void;
  readonly signal?: AbortSignal;
};

/** What a change of policies would have done to everything that was recorded, cluster by cluster. */
export function simulateRecorded(
  { clusters }: Recorded,
  { setsOf, onprogress, signal }: SimulateRecordedOptions,
): RecordedSimulation {
  const all = clusters.reduce((sum, { edges }) => sum + edges.length, 0);
  let done = 0;
  const policies = new Set<string>();
  const notEnforced = new Set<string>();
  const parts = clusters.map((recorded) => {
    const builder = createEngineBuilder();
    const { before, after } = setsOf(recorded);
    const engine = builder.build(after, recorded.dataplane);
    for (const { key } of engine.stages.flatMap((stage) => stage.policies)) policies.add(key);
    for (const { key } of engine.notEnforced) notEnforced.add(key);
    const simulation = simulate(recorded.edges, {
      ...{ before: before && builder.build(before, recorded.dataplane), after: engine },
      ...{ dataplane: recorded.dataplane, onprogress: (at) => onprogress?.(done + at, all) },
      ...(signal && { signal }),
    });
    done += recorded.edges.length;
    return simulation;
  });
  const counts = { 'newly-denied': 0, 'newly-allowed': 0, undecided: 0, unchanged: 0 };
  for (const part of parts)
    for (const outcome of Object.keys(counts) as Outcome[]) counts[outcome] += part.counts[outcome];
  return {
    ...{ edges: parts.flatMap(({ edges }) => edges), counts },
    weighed: parts.reduce((sum, { weighed }) => sum + weighed, 0),
    clusters: clusters.map(({ cluster, dataplane }) => ({ cluster, dataplane })),
    policies: policies.size,
    notEnforced: [...notEnforced].sort(),
  };
}
