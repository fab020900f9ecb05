import type { Completeness, SourceCompleteness } from '../core/completeness.ts';
import { formatTime } from '../core/time.ts';
import type { SourceCompletenessJson } from './api-json.ts';

const MAX_SOURCES = 20;
const MAX_NODES = 10;

/** As the API writes it: `CompletenessJson` of `http/contract.ts`. */
export function completenessToJson({ lost, removedBefore, sources, ...rest }: Completeness) {
  return {
    ...rest,
    removedBefore: removedBefore === undefined ? null : formatTime(removedBefore),
    lost: lost.toString(),
    sources: sources.slice(0, MAX_SOURCES).map(sourceCompletenessToJson),
  };
}

export function sourceCompletenessToJson(source: SourceCompleteness): SourceCompletenessJson {
  const { origin, lost, byStage, nodes, aggregatedMs, skew, ...rest } = source;
  return {
    source: origin,
    ...rest,
    lost: lost.toString(),
    byStage: byStage.map(({ stage, count }) => ({ stage, count: count.toString() })),
    nodes: nodes.slice(0, MAX_NODES),
    nodeCount: nodes.length,
    aggregatedMs: aggregatedMs ?? null,
    skew: skew ?? null,
  };
}
