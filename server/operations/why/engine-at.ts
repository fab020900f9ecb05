import type { InventorySnapshot, ObjectVersion } from '../../core/inventory.ts';
import { createEngineBuilder, type EngineBuilder } from '../../policy/engine-builder.ts';
import type { Manifest } from '../../core/manifest.ts';
import type { Engine } from '../../policy/engine.ts';
import type { Dataplane } from '../../policy/facts.ts';

/** Engines that are kept: asking about one drop asks about the sets of a few moments. */
const KEPT = 6;
export type Engines = EngineBuilder & {
  of(objects: readonly ObjectVersion[], dataplane: Dataplane): Engine;
};

/** Builds engines, and keeps the latest: equal sets of objects are weighed by the same one. */
export function createEngines(): Engines {
  const builder = createEngineBuilder();
  const engines = new Map<string, Engine>();

  return {
    ...builder,
    of(objects, dataplane) {
      const key = `${dataplane} ${objects.map(({ hash }) => hash).join(' ')}`;
      const engine = engines.get(key) ?? builder.build(manifestsOf(objects), dataplane);
      engines.delete(key);
      engines.set(key, engine);
      for (const oldest of engines.keys()) {
        if (engines.size <= KEPT) break;
        engines.delete(oldest);
      }
      return engine;
    },
  };
}

export const manifestsOf = (objects: readonly ObjectVersion[]): readonly Manifest[] =>
  objects.map(({ manifest }) => manifest);

/** Where a flow was seen, as far as it says. */
export type Place = {
  /** Empty where it does not say. */
  readonly cluster: string;
  readonly namespaces: ReadonlySet<string>;
};

/**
 * Objects of the cluster that a flow was seen in. Of a flow that does not name it, the only cluster that has the
 * namespaces of both ends; where several have them it stays open, and what belongs to no cluster is left.
 */
export function ofCluster(
  { objects }: InventorySnapshot,
  { cluster, namespaces }: Place,
): readonly ObjectVersion[] {
  const byCluster = Map.groupBy(objects, ({ key }) => key.cluster);
  if (cluster === '' && byCluster.size <= 1) return objects;
  const holding = [...byCluster].filter(([, own]) => holdsAll(own, namespaces));
  const found = cluster === '' && holding.length === 1 ? (holding[0]?.[0] ?? '') : cluster;
  return objects.filter(({ key }) => key.cluster === found || key.cluster === '');
}

function holdsAll(objects: readonly ObjectVersion[], namespaces: ReadonlySet<string>): boolean {
  const known = new Set(
    objects.filter(({ key }) => key.kind === 'Namespace').map(({ key }) => key.name),
  );
  return namespaces.size > 0 && [...namespaces].every((name) => known.has(name));
}
