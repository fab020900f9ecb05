import type { SourceCompleteness } from '../core/completeness.ts';
import type { Gap } from '../core/flow.ts';
import { NANOS_PER_SECOND, nanos, type EpochNanos } from '../core/time.ts';
import type { FlowReader, OriginRecord } from '../store/flow-store.ts';
import { completenessOf } from './completeness.ts';
import type { SourceStatus } from './ingest.ts';
import type { Producers } from './producers.ts';

const DAY = 86_400n * NANOS_PER_SECOND;

export type ListedSource = {
  readonly name: string;
  /** What runs now; `undefined` for what was imported or is no longer configured. */
  readonly status: SourceStatus | undefined;
  /** What was committed; `undefined` before the first commit. */
  readonly record: OriginRecord | undefined;
  /** Whose records they are, where that is not the obvious one. */
  readonly producer?: 'retina' | undefined;
  /** Of the last 24 hours. */
  readonly gaps: readonly Gap[];
  /** Of the same time; `undefined` where nothing is known of it. */
  readonly completeness: SourceCompleteness | undefined;
};

/** Every source that runs or has flows in the store, running ones first. */
export async function listSources(
  store: FlowReader,
  statuses: readonly SourceStatus[],
  { now, producers }: { readonly now: EpochNanos; readonly producers: Producers },
): Promise<readonly ListedSource[]> {
  const records = new Map((await store.origins()).map((record) => [record.origin, record]));
  const day = { from: nanos(now - DAY), to: now };
  const gaps = Map.groupBy(await store.gaps(day), (gap) => gap.origin);
  const known = (await completenessOf(store, day, { now, of: 'flows' })).sources;
  const judged = new Map(known.map((source) => [source.origin, source]));
  const running = new Map(statuses.map((status) => [status.name, status]));
  const names = [...running.keys(), ...[...records.keys()].filter((name) => !running.has(name))];
  const listed: ListedSource[] = [];
  for (const name of names) {
    const [status, record] = [running.get(name), records.get(name)];
    listed.push({
      name,
      status,
      record,
      producer: speaksHubble(status) ? await producers.find(name, record?.flows ?? 0) : undefined,
      gaps: gaps.get(name) ?? [],
      completeness: judged.get(name),
    });
  }
  return listed;
}

/** So may what was imported. */
const speaksHubble = (status: SourceStatus | undefined): boolean =>
  status === undefined || status.kind === 'hubble-relay' || status.kind === 'hubble-file';
