import { AppError } from '../../core/errors.ts';
import type { Dataplane } from '../../policy/facts.ts';
import { term } from '../../query/build.ts';
import type { FlowReader } from '../../store/flow-store.ts';
import { dataplaneOfSource } from '../why/dataplane.ts';
import { clusterOf } from '../why/weigh.ts';

/** Who enforces policies in each cluster, by who told of its flows and never by the policies that are installed. */
export type ClusterDataplanes = {
  /** `undefined`: no flow tells, or several disagree. */
  of(cluster: string): Dataplane | undefined;
  /** Sources whose records are all of that kind. */
  sourcesOf(dataplane: Dataplane): readonly string[];
};

export type DataplaneFinder = { find(): Promise<ClusterDataplanes> };

const RECORDS = 20;
const LOOK_MS = 200;

type Seen = { readonly cluster: string; readonly dataplane: Dataplane };

type Look = {
  readonly seen: readonly Seen[];
  /** Where to go on, since the time was over before any record was found. */
  readonly after: number | undefined;
};

type Known = Look & { readonly flows: number };

/**
 * Looks at the newest records of each source, and again when it has told twice as much. Those of a source that has been
 * silent for long lie behind all that others told since: each question looks a little further for them.
 */
export function createDataplaneFinder(
  reader: Pick<FlowReader, 'origins' | 'records'>,
): DataplaneFinder {
  const known = new Map<string, Known>();
  const look = async (origin: string, flows: number): Promise<void> => {
    const before = known.get(origin);
    const isMuch = before === undefined || flows >= 2 * before.flows;
    if (flows === 0 || (!isMuch && before.after === undefined)) return;
    const { seen, after } = await lookAt(reader, origin, isMuch ? undefined : before.after);
    known.set(origin, {
      flows: isMuch ? flows : before.flows,
      seen: seen.length > 0 ? seen : (before?.seen ?? []),
      after,
    });
  };
  return {
    async find() {
      for (const { origin, flows } of await reader.origins()) await look(origin, flows);
      const told = [...known]
        .filter(([, { seen }]) => seen.length > 0)
        .map(([origin, { seen }]) => ({ origin, seen }));
      return {
        ...dataplanes(told.flatMap(({ seen }) => seen)),
        sourcesOf: (dataplane) =>
          told
            .filter(({ seen }) => seen.every((each) => each.dataplane === dataplane))
            .map(({ origin }) => origin),
      };
    },
  };
}

async function lookAt(
  reader: Pick<FlowReader, 'records'>,
  origin: string,
  after: number | undefined,
): Promise<Look> {
  try {
    const { flows, next } = await reader.records(
      { where: term(undefined, 'source', origin) },
      { limit: RECORDS, order: 'newest', workMs: LOOK_MS, ...(after !== undefined && { after }) },
    );
    const dataplane = dataplaneOfSource(flows);
    return {
      seen: flows.map((flow) => ({ cluster: clusterOf(flow), dataplane: dataplane(flow) })),
      after: flows.length > 0 ? undefined : next,
    };
  } catch (error) {
    // What is wrong with the store is told elsewhere; policies are listed all the same, and the next list looks again.
    if (error instanceof AppError) return { seen: [], after: after ?? Number.MAX_SAFE_INTEGER };
    throw error;
  }
}

function dataplanes(seen: readonly Seen[]): Pick<ClusterDataplanes, 'of'> {
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
