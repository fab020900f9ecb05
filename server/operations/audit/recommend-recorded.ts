import type { Edge } from '../../core/edge.ts';
import { AppError } from '../../core/errors.ts';
import type { Manifest } from '../../core/manifest.ts';
import { createEngineBuilder, isEnforced } from '../../policy/engine-builder.ts';
import { judgedOf } from '../../policy/flow-judged.ts';
import type { Family, Way } from '../../policy/form.ts';
import type { Wanted } from '../../policy/recommend/draft.ts';
import { recommend, type Recommendation } from '../../policy/recommend/recommend.ts';
import type { Engine } from '../../policy/engine.ts';
import type { ConnectionRow } from '../../store/connections.ts';
import { hasPassed, passesAtEachEnd } from './passed.ts';
import { defaultDeny } from './policy-change.ts';
import type { RecordedCluster } from './recorded.ts';
import { weighedKey } from './simulate.ts';

export type RecommendScope = {
  /** Namespaces whose pods are isolated. */
  readonly namespaces: readonly string[];
  readonly ways: readonly Way[];
  readonly family: Family;
};

export type RecommendedSet = Recommendation<Edge> & {
  readonly isolating: readonly Manifest[];
};

/**
 * Policies that let what was allowed in a cluster go on, once pods of some namespaces are isolated. Throws an AppError
 * `bad-request` for a dialect that the cluster does not enforce.
 */
export function recommendRecorded(
  { edges, dataplane }: RecordedCluster,
  objects: readonly Manifest[],
  { namespaces, ways, family }: RecommendScope,
): RecommendedSet {
  if (!isEnforced(family, dataplane))
    throw new AppError('bad-request', `a cluster with ${dataplane} enforces no ${family} policies`);
  const builder = createEngineBuilder();
  const isolating = namespaces.map((namespace) => defaultDeny(namespace, ways));
  const facts = builder.build(objects, dataplane);
  const wanted = edges.flatMap(({ edge, rows }) => wantedOf(edge, rows, facts));
  const found = recommend({
    ...{ manifests: objects, isolating, wanted, family, dataplane, builder },
    ...{ namespaces, ways },
  });
  return { ...found, isolating };
}

/** Each distinct connection of an edge that passed when it was recorded. */
function wantedOf(
  edge: Edge,
  rows: readonly ConnectionRow[],
  { world }: Engine,
): readonly Wanted<Edge>[] {
  if (!passesAtEachEnd(rows)) return [];
  const passed = rows.filter(hasPassed);
  const distinct = new Map(passed.map((row) => [weighedKey(row), row]));
  return [...distinct.values()].map(({ flow }) => ({
    judged: judgedOf(flow, { facts: world.facts, dataplane: world.dataplane, icmp: undefined }),
    of: edge,
  }));
}
