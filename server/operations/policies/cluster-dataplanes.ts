import { AppError } from '../../core/errors.ts';
import type { Dataplane } from '../../policy/facts.ts';
import { term } from '../../query/build.ts';
import type { FlowReader } from '../../store/flow-store.ts';
import { dataplaneOf } from '../why/dataplane.ts';
import { clusterOf } from '../why/weigh.ts';

/** Who enforces policies in each cluster, by who told of its flows and never by the policies that are installed. */
export type ClusterDataplanes = {
  /** `undefined`: no flow tells, or several disagree. */
  of(cluster: string): Dataplane | undefined;
};

export type DataplaneFinder = { find(): Promise<ClusterDataplanes> };

const RECORDS = 20;
const LOOK_MS = 200;

type Seen = { readonly cluster: string; readonly dataplane: Dataplane };

/** Looks at the newest records of each source, and again when it has told twice as much. */
export function createDataplaneFinder(reader: FlowReader): DataplaneFinder {
  const known = new Map<string, { readonly flows: number; readonly seen: readonly Seen[] }>();
  return {
    async find() {
      for (const { origin, flows } of await reader.origins()) {
        const before = known.get(origin);
        if (before !== undefined && flows < 2 * before.flows) continue;
        const seen = await lookAt(reader, origin);
        if (seen.length > 0) known.set(origin, { flows: Math.max(1, flows), seen });
      }
      return dataplanes([...known.values()].flatMap(({ seen }) => seen));
    },
  };
}

async function lookAt(reader: FlowReader, origin: string): Promise<readonly Seen[]> {
  try {
    const { flows } = await reader.records(
      { where: term(undefined, 'source', origin) },
      { limit: RECORDS, order: 'newest', workMs: LOOK_MS },
    );
    return flows.map((flow) => ({ cluster: clusterOf(flow), dataplane: dataplaneOf(flow) }));
  } catch (error) {
    // What is wrong with the store is told elsewhere; policies are listed all the same.
    if (error instanceof AppError) return [];
    throw error;
  }
}

function dataplanes(seen: readonly Seen[]): ClusterDataplanes {
  const only = (of: readonly Seen[]): Dataplane | undefined => {
    const found = new Set(of.map(({ dataplane }) => dataplane));
    return found.size === 1 ? of[0]?.dataplane : undefined;
  };
  const byCluster = Map.groupBy(seen, ({ cluster }) => cluster);
  return {
    // Where either side does not name the cluster, it is the one that there is.
    of: (cluster) =>
      only(byCluster.get(cluster) ?? (cluster === '' ? seen : (byCluster.get('') ?? []))),
  };
}
