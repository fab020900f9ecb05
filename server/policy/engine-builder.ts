import type { Manifest } from '../core/manifest.ts';
import { clusterFacts } from './cluster-facts.ts';
import { createEngine, type Engine } from './engine.ts';
import type { ClusterFacts, Dataplane, DataplaneSettings } from './facts.ts';
import type { DataplaneRules, Family } from './form.ts';
import { createCompiler } from './policy-set.ts';
import { DATAPLANES, DIALECTS } from './registry.ts';

/** What agents do unless they are told otherwise; explanations say that it is assumed. */
export const ASSUMED_SETTINGS: DataplaneSettings = {
  policyEnforcementMode: 'default',
  policyCidrMatchMode: [],
  hostFirewall: false,
  nodeSelectorLabels: false,
  clusterNetworkPolicy: false,
  clusterName: 'default',
};

/** Whether agents that nobody told anything else enforce policies of a family. */
export const isEnforced = (family: Family, dataplane: Dataplane): boolean =>
  DATAPLANES[dataplane].enforces(family, ASSUMED_SETTINGS);

export type EngineBuilder = {
  /**
   * Builds the engine of a set of objects. Sets that share most of their objects cost little, which is what trying out
   * a change needs: equal objects have to be the same ones. `rules` may be others than those of the dataplane.
   */
  build(manifests: readonly Manifest[], dataplane: Dataplane, rules?: DataplaneRules): Engine;
};

/** Facts that are kept: those before and after a change, of two clusters. */
const KEPT_FACTS = 4;

export function createEngineBuilder(settings: DataplaneSettings = ASSUMED_SETTINGS): EngineBuilder {
  const compiler = createCompiler(Object.values(DIALECTS));
  const known: { readonly of: readonly Manifest[]; readonly facts: ClusterFacts }[] = [];

  const factsOf = (manifests: readonly Manifest[]): ClusterFacts => {
    const found = known.find(({ of }) => isSameList(of, manifests));
    if (found !== undefined) return found.facts;
    const facts = clusterFacts(manifests);
    known.unshift({ of: manifests, facts });
    known.length = Math.min(known.length, KEPT_FACTS);
    return facts;
  };

  return {
    build(manifests, dataplane, rules = DATAPLANES[dataplane]) {
      const others = manifests.filter((manifest) => !compiler.reads(manifest));
      return createEngine({
        policies: compiler.compile(manifests),
        rules,
        world: { dataplane, facts: factsOf(others), settings },
      });
    },
  };
}

export const isSameList = <T>(a: readonly T[], b: readonly T[]): boolean =>
  a.length === b.length && a.every((item, index) => item === b[index]);
