import type { PolicyRef } from '../../core/flow.ts';
import type { InventorySnapshot, ObjectVersion } from '../../core/inventory.ts';
import type { Manifest, ManifestFault } from '../../core/manifest.ts';
import { clusterFacts } from '../../policy/cluster-facts.ts';
import { ASSUMED_SETTINGS, isSameList } from '../../policy/engine-builder.ts';
import type { PodParty } from '../../policy/facts.ts';
import type { CompiledPolicy, Question, Way, World } from '../../policy/form.ts';
import { createCompiler, type PolicyCompiler } from '../../policy/policy-set.ts';
import { DIALECTS } from '../../policy/registry.ts';
import { selectingStage } from '../../policy/selecting.ts';
import { refOf } from './policy-names.ts';

/** One policy of an inventory, read by its dialect. */
export type PolicyObject = {
  readonly version: ObjectVersion;
  /** As hits name it. */
  readonly ref: PolicyRef;
  /** One for each of its rule sets; none where a cluster would refuse it. */
  readonly compiled: readonly CompiledPolicy[];
  readonly faults: readonly ManifestFault[];
};

/** `unknown`: what it selects by is not known of the pod. */
export type Selecting = {
  readonly policy: PolicyObject;
  readonly way: Way;
  readonly truth: 'yes' | 'unknown';
};

/** The policies of one cluster at one time. */
export type ClusterPolicies = {
  readonly cluster: string;
  readonly policies: readonly PolicyObject[];
  /** Without pods nothing can be said of what policies select. */
  readonly pods: readonly PodParty[];
  readonly world: World;
  /** Pods that a policy applies to, by `namespace/name`. */
  selected(policy: PolicyObject): readonly PodParty[];
  /** Policies that apply to a pod, or may, with the ways in which they do. */
  selecting(pod: PodParty): readonly Selecting[];
};

export type PolicyBook = {
  /** The policies of every cluster. Asking again for what did not change costs little. */
  of(snapshot: InventorySnapshot): readonly ClusterPolicies[];
};

export function createPolicyBook(): PolicyBook {
  const compilers = new Map<string, PolicyCompiler>();
  const made = new Map<string, { of: readonly ObjectVersion[]; policies: ClusterPolicies }>();
  return {
    of({ objects }) {
      const byCluster = Map.groupBy(objects, ({ key }) => key.cluster);
      return [...byCluster].map(([cluster, own]) => {
        const known = made.get(cluster);
        if (known !== undefined && isSameList(known.of, own)) return known.policies;
        let compiler = compilers.get(cluster);
        if (compiler === undefined)
          compilers.set(cluster, (compiler = createCompiler(Object.values(DIALECTS))));
        const policies = clusterPolicies(cluster, own, compiler);
        made.set(cluster, { of: own, policies });
        return policies;
      });
    },
  };
}

function clusterPolicies(
  cluster: string,
  versions: readonly ObjectVersion[],
  compiler: PolicyCompiler,
): ClusterPolicies {
  const manifests = versions.map(({ manifest }) => manifest);
  const { policies: all, refused, references } = compiler.compile(manifests);
  const facts = clusterFacts(manifests.filter((manifest) => !compiler.reads(manifest)));
  const compiled = Map.groupBy(all, ({ manifest }) => manifest);
  const faults = new Map(refused.map((each) => [each.manifest, each.faults]));
  const policies = versions
    .filter(({ manifest }) => isPolicy(manifest) && compiler.reads(manifest))
    .map((version) => ({
      version,
      ref: refOf(version.key, version.manifest),
      compiled: compiled.get(version.manifest) ?? [],
      faults: faults.get(version.manifest) ?? [],
    }));
  const settings = { ...ASSUMED_SETTINGS, clusterName: cluster };
  const world: World = { dataplane: 'kubernetes', facts, settings, references };
  const pods = [...facts.pods.values()].filter(({ hostNetwork }) => hostNetwork !== true);
  return { cluster, policies, pods, world, ...selections(policies, pods, world) };
}

/** Dialects read references, such as tiers, too. */
const isPolicy = ({ kind }: Manifest): boolean => kind.endsWith('Policy');

function selections(
  policies: readonly PolicyObject[],
  pods: readonly PodParty[],
  world: World,
): Pick<ClusterPolicies, 'selected' | 'selecting'> {
  const stage = selectingStage({
    name: 'selection',
    combine: 'allow-union',
    policies: policies.flatMap(({ compiled }) => compiled),
    // Only asked which policies apply, never for a verdict.
    unmatched: () => ({ outcomes: [] }),
  });
  const objects = new Map(
    policies.flatMap((policy) => policy.compiled.map((each) => [each, policy] as const)),
  );
  const ways: readonly Way[] = ['ingress', 'egress'];
  const selecting = (pod: PodParty): ReturnType<ClusterPolicies['selecting']> =>
    ways.flatMap((way) =>
      stage.select(subjectQuestion(pod, way, world)).flatMap(({ policy, truth }) => {
        const object = objects.get(policy);
        return truth === 'no' || object === undefined ? [] : [{ policy: object, way, truth }];
      }),
    );
  let byPolicy: ReadonlyMap<PolicyObject, readonly PodParty[]> | undefined;
  const all = (): ReadonlyMap<PolicyObject, readonly PodParty[]> => {
    const found = new Map<PolicyObject, PodParty[]>();
    for (const pod of pods)
      for (const policy of surely(selecting(pod))) {
        const own = found.get(policy);
        if (own === undefined) found.set(policy, [pod]);
        else own.push(pod);
      }
    return found;
  };
  return {
    selecting,
    selected: (policy) => (byPolicy ??= all()).get(policy) ?? [],
  };
}

const surely = (selecting: readonly Selecting[]): ReadonlySet<PolicyObject> =>
  new Set(selecting.flatMap(({ policy, truth }) => (truth === 'yes' ? [policy] : [])));

/** Asks about the subject alone: what it talks to is left open. */
const subjectQuestion = (pod: PodParty, way: Way, world: World): Question => ({
  connection: {
    ...{ client: pod, server: pod, clientIp: undefined, serverIp: undefined },
    ...{ protocol: '', port: undefined, sourcePort: undefined, icmp: undefined },
    ...{ http: undefined, dns: undefined, kafka: undefined, sni: undefined },
  },
  ...{ way, subject: pod, subjectIp: undefined, peer: pod, peerIp: undefined, world },
});
