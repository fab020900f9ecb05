import type { Difference, SimilarDrops } from '../../core/explanation.ts';
import type { RecordedFlow, StoredFlow } from '../../core/flow.ts';
import { nanos, NANOS_PER_SECOND, type TimeWindow } from '../../core/time.ts';
import type { Expression } from '../../query/ast.ts';
import { all, term } from '../../query/build.ts';
import { printQuery } from '../../query/print.ts';
import type { FlowReader } from '../../store/flow-store.ts';
import { sameAsked, sameDestination, sameSource } from './pair.ts';

/**
 * When connections like this one were last allowed, and first dropped after that; without the latter a search was ended
 * before it had looked at everything, and neither is known.
 */
export type Times = {
  readonly lastAllowed: StoredFlow | undefined;
  readonly firstDropped: StoredFlow | undefined;
};

type HistoryOptions = { readonly reader: FlowReader; readonly signal?: AbortSignal };

/** Searches end after so long each: an explanation is waited for. The first one decides what may be said of time. */
const TIMELINE_MS = 120;
const SAMPLE_MS = 40;

const DENIED = term(undefined, 'verdict', 'dropped');
const ALLOWED = term(undefined, 'verdict', 'forwarded');

const UNKNOWN: Times = { lastAllowed: undefined, firstDropped: undefined };

export async function findTimeline(flow: RecordedFlow, options: HistoryOptions): Promise<Times> {
  const asked = sameAsked(flow);
  const lastAllowed = await first(options, all([...allowedThere(flow), asked]), flow.seq, 'newest');
  if (lastAllowed.ended) return UNKNOWN;
  const since = lastAllowed.found?.seq ?? 0;
  const dropped = await first(options, all([DENIED, asked]), since, 'oldest');
  if (dropped.ended) return UNKNOWN;
  return {
    lastAllowed: lastAllowed.found,
    firstDropped:
      dropped.found !== undefined && dropped.found.seq < flow.seq ? dropped.found : flow,
  };
}

/**
 * Let through by the end that dropped this one: that the sender's node let a packet out does not say that it arrived,
 * and is told of each packet that is dropped at the other end.
 */
const allowedThere = ({ direction }: RecordedFlow): readonly Expression[] =>
  direction === 'unknown' ? [ALLOWED] : [ALLOWED, term(undefined, 'dir', direction)];

async function first(
  { reader, signal }: HistoryOptions,
  where: Expression,
  after: number,
  order: 'newest' | 'oldest',
): Promise<{ readonly found: StoredFlow | undefined; readonly ended: boolean }> {
  const page = await reader.page(
    { where },
    { limit: 1, after, order, workMs: TIMELINE_MS, ...(signal === undefined ? {} : { signal }) },
  );
  const [found] = page.flows;
  return { found, ended: found === undefined && page.searching !== undefined };
}

const HOUR = 3600n * NANOS_PER_SECOND;

/** What is counted around a drop: the hour before it, and the one behind. */
const around = ({ observedAt }: RecordedFlow): TimeWindow => ({
  from: nanos(observedAt - HOUR),
  to: nanos(observedAt + HOUR),
});

export async function similarDrops(
  flow: RecordedFlow,
  options: HistoryOptions,
): Promise<readonly SimilarDrops[]> {
  const kinds = [
    ['same ends and port', sameAsked(flow)],
    ['same destination', sameDestination(flow)],
    ['same source', sameSource(flow)],
  ] as const;
  const counted = await Promise.all(
    kinds.map(async ([label, same]) => {
      const where = all([DENIED, same]);
      // As drop groups count: a verdict and the drop that follows it are one dropped packet.
      const { groups, others } = await options.reader.dropGroups({
        ...{ where, within: around(flow), top: 1 },
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      });
      const count = groups.reduce((sum, group) => sum + group.count, others.count);
      return { label, query: printQuery(where), count };
    }),
  );
  return counted.filter(({ count }) => count > 0);
}

/** Fields in which a bad node, version or zone stands out. */
const COMPARED = [
  ['node', (flow) => flow.node],
  ['from.ns', (flow) => flow.source.namespace],
  ['from.wl', (flow) => flow.source.workload],
  ['from.pod', (flow) => flow.source.pod],
  ['to.pod', (flow) => flow.destination.pod],
] as const satisfies readonly (readonly [field: string, read: (flow: StoredFlow) => string])[];
/** The latest of each kind that are compared: shares need no more, and a count of all would be waited for. */
const SAMPLE = 500;
/** Differences that are told, and from which difference of shares on. */
const MAX_DIFFERENCES = 5;
const LEAST = 0.25;

/** How these drops differ from what the same destination allows. */
export async function whatDiffers(
  flow: RecordedFlow,
  { reader, signal }: HistoryOptions,
): Promise<readonly Difference[]> {
  const latest = async (verdict: readonly Expression[]): Promise<readonly StoredFlow[]> => {
    const where = all([...verdict, sameDestination(flow)]);
    const { flows } = await reader.page(
      { where, within: around(flow) },
      {
        limit: SAMPLE,
        order: 'newest',
        workMs: SAMPLE_MS,
        ...(signal === undefined ? {} : { signal }),
      },
    );
    return flows;
  };
  const [drops, allowed] = await Promise.all([latest([DENIED]), latest(allowedThere(flow))]);
  if (allowed.length === 0) return [];
  return COMPARED.flatMap(([field, read]) => {
    const among = shares(allowed, read);
    return [...shares(drops, read)].map(([value, ofDrops]) => ({
      ...{ field, value, ofDrops },
      ofAllowed: among.get(value) ?? 0,
    }));
  })
    .filter(({ ofDrops, ofAllowed }) => ofDrops - ofAllowed >= LEAST)
    .toSorted((a, b) => b.ofDrops - b.ofAllowed - (a.ofDrops - a.ofAllowed))
    .slice(0, MAX_DIFFERENCES);
}

function shares(
  flows: readonly StoredFlow[],
  read: (flow: StoredFlow) => string,
): ReadonlyMap<string, number> {
  const values = Map.groupBy(flows, read);
  values.delete('');
  return new Map([...values].map(([value, those]) => [value, those.length / flows.length]));
}
