import { formatTime, type EpochNanos } from '../core/time.ts';
import { SOURCE_LIMITS } from '../core/source-limits.ts';
import type { SourceJson } from '../formats/api-json.ts';
import { sourceCompletenessToJson } from '../formats/completeness-json.ts';
import { gapToJson } from '../formats/flow-json.ts';
import type { ListedSource } from './list-sources.ts';

const NO_VERDICTS = { allowed: 0, dropped: 0, audit: 0, error: 0, unknown: 0 } as const;

const timeOrNull = (time: EpochNanos | undefined): string | null =>
  time === undefined ? null : formatTime(time);

/** One source as the API and `dropwise sources` show it. */
export function sourceJson(
  { name, status, record, producer, gaps, completeness }: ListedSource,
  now: EpochNanos,
): SourceJson {
  const kind = producer ?? status?.kind ?? 'import';
  return {
    name,
    kind,
    limits: SOURCE_LIMITS[kind],
    target: status?.target ?? '',
    state: status?.state ?? 'done',
    stateSince: formatTime(status?.stateSince ?? record?.checkpointAt ?? now),
    detail: status?.detail ?? '',
    retryAt: timeOrNull(status?.retryAt),
    lastEventAt: timeOrNull(status?.lastEventAt ?? record?.lastObservedAt),
    ratePerSecond: status?.ratePerSecond ?? 0,
    lagMs: status?.lagMs ?? null,
    stored: record?.flows ?? 0,
    byVerdict: record?.byVerdict ?? NO_VERDICTS,
    lost: (record?.lost ?? 0n).toString(),
    rejected: record?.rejected ?? [],
    gaps: gaps.map(gapToJson),
    completeness: completeness === undefined ? null : sourceCompletenessToJson(completeness),
    checkpointAt: timeOrNull(record?.checkpointAt),
    bytesBehind: status?.bytesBehind ?? null,
    rotationLossMs: status?.rotationLossMs ?? null,
    skew: status?.skew ?? null,
    certificateExpiresAt: timeOrNull(status?.certificateExpiresAt),
    // What a connection that is gone knew of the nodes says nothing of them now.
    nodes: (status?.state === 'reading' ? status.nodes : undefined) ?? null,
  };
}
