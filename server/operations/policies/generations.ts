import { stringify } from 'yaml';
import { NO_HITS, type HitTotals } from '../../core/hit-series.ts';
import type { ObjectVersion } from '../../core/inventory.ts';
import { formatTime, nanos, type EpochNanos, type TimeWindow } from '../../core/time.ts';
import type { PolicyRef } from '../../core/flow.ts';
import type { FlowReader } from '../../store/flow-store.ts';
import { MINUTE, minuteOf, nextMinute, plus, sumOf } from './hit-sums.ts';
import { refText } from './policy-names.ts';
import type { PolicyVersionJson } from './policy-shapes.ts';

/** Each costs a count of its own. */
const MOST_COUNTED = 12;

export type Generations = {
  /** Newest first. */
  readonly versions: readonly PolicyVersionJson[];
  /** Hits in minutes that hold a change. */
  readonly aroundChanges: HitTotals;
};

/**
 * Hits of a policy by what it said then, inside a range of whole minutes. Hits are counted by the minute, so those of a
 * minute in which the policy changed are of neither version, and are told apart.
 */
export async function hitsByGeneration(
  reader: Pick<FlowReader, 'policyHits'>,
  ref: PolicyRef,
  versions: readonly ObjectVersion[],
  within: TimeWindow,
): Promise<Generations> {
  const countIn = async (span: TimeWindow): Promise<HitTotals> => {
    if (span.from >= span.to) return NO_HITS;
    const rows = await reader.policyHits({ within: span, buckets: 1 });
    return sumOf(rows.filter(({ policy }) => refText(policy) === refText(ref)));
  };
  const told: PolicyVersionJson[] = [];
  const edges = new Set<EpochNanos>();
  for (const [at, version] of versions.entries()) {
    const span = wholeMinutesIn(version, within);
    const counted = at < MOST_COUNTED && span.from < span.to;
    if (at < MOST_COUNTED) for (const edge of edgesOf(version, within)) edges.add(edge);
    const totals = counted ? await countIn(span) : NO_HITS;
    told.push({ ...versionJson(version), totals, counted });
  }
  let aroundChanges = NO_HITS;
  for (const from of edges)
    aroundChanges = plus(aroundChanges, await countIn({ from, to: nanos(from + MINUTE) }));
  return { versions: told, aroundChanges };
}

function wholeMinutesIn(version: ObjectVersion, within: TimeWindow): TimeWindow {
  const from = nextMinute(version.from);
  const until = version.until === undefined ? within.to : minuteOf(version.until);
  return {
    from: from > within.from ? from : within.from,
    to: until < within.to ? until : within.to,
  };
}

/** Minutes inside the range in which a version began or ended, and of which it is not the whole. */
const edgesOf = ({ from, until }: ObjectVersion, within: TimeWindow): readonly EpochNanos[] =>
  [from, ...(until === undefined ? [] : [until])]
    .filter((at) => at % MINUTE !== 0n)
    .map(minuteOf)
    .filter((minute) => minute >= within.from && minute < within.to);

const versionJson = ({
  from,
  until,
  how,
  source,
  key,
  manifest,
}: ObjectVersion): Omit<PolicyVersionJson, 'totals' | 'counted'> => ({
  from: formatTime(from),
  until: until === undefined ? null : formatTime(until),
  ...{ how, source, cluster: key.cluster },
  generation: manifest.metadata.generation ?? null,
  yaml: stringify(manifest, { lineWidth: 0 }),
});
