import type { EdgeEnd } from '../../core/edge.ts';
import type { TimeWindow } from '../../core/time.ts';
import type { Dataplane } from '../../policy/facts.ts';
import type { ConnectionRow } from '../../store/connections.ts';
import type { FlowQuery, FlowReader } from '../../store/flow-store.ts';
import { createDataplaneFinder } from '../policies/cluster-dataplanes.ts';
import { clusterOf } from '../why/weigh.ts';
import { foldEdges, hoursIn, type FoldedEdge } from './fold-edges.ts';

/** What was recorded in one cluster, by the dataplane that decided there. */
export type RecordedCluster = {
  /** Empty where the records do not name it. */
  readonly cluster: string;
  readonly dataplane: Dataplane;
  readonly edges: readonly FoldedEdge[];
};

export type Recorded = {
  readonly window: TimeWindow;
  readonly clusters: readonly RecordedCluster[];
  /** Events that are in no edge: `left` tell of no connection, for `untold` there was no room. */
  readonly left: number;
  readonly untold: number;
};

export type RecordedOptions = {
  readonly within: TimeWindow;
  readonly where: FlowQuery['where'];
  /** Whose policies decide; by who told of the flows unless it is named. */
  readonly dataplane: Dataplane | undefined;
  readonly signal?: AbortSignal;
};

/** Beyond this many distinct connections a window is told to be narrowed: what is left out is counted. */
const MOST_CONNECTIONS = 1_000_000;

/** Everything that was recorded in a window, folded to edges. */
export async function readRecorded(
  reader: FlowReader,
  { within, where, dataplane, signal }: RecordedOptions,
): Promise<Recorded> {
  const { rows, untold } = await reader.connections({
    ...{ where, within, buckets: hoursIn(within), limit: MOST_CONNECTIONS },
    ...(signal && { signal }),
  });
  const found = await createDataplaneFinder(reader).find();
  const byCluster = [...Map.groupBy(rows, ({ flow }) => clusterOf(flow))].sort(([one], [other]) =>
    one < other ? -1 : 1,
  );
  const folded = byCluster.map(([cluster, own]) => ({
    cluster,
    dataplane: dataplane ?? found.of(cluster) ?? guessOf(own),
    ...foldEdges(own),
  }));
  return {
    window: within,
    clusters: folded.map(({ cluster, dataplane: by, edges }) => ({
      ...{ cluster, dataplane: by, edges },
    })),
    left: folded.reduce((sum, each) => sum + each.left, 0),
    untold: untold.events,
  };
}

/** Where sources of a cluster disagree: Calico's records are of another kind than Hubble's. */
const guessOf = (rows: readonly ConnectionRow[]): Dataplane =>
  rows.some(({ flow }) => flow.event === 'flow-log') ? 'calico' : 'cilium';

/** The namespaces that take part, in order. */
export const namespacesOf = ({ edges }: RecordedCluster): readonly string[] =>
  [
    ...new Set(
      edges.flatMap(({ edge }) =>
        [edge.source, edge.destination].flatMap((end: EdgeEnd) =>
          end.kind === 'workload' && end.namespace !== '' ? [end.namespace] : [],
        ),
      ),
    ),
  ].sort();
