import type { InventorySnapshot, ObjectVersion } from '../../core/inventory.ts';
import type { Manifest } from '../../core/manifest.ts';
import { podOfTemplate } from '../../core/pod-template.ts';
import { createWorkloadOwners, type WorkloadOwner } from '../../inventory/workload-owners.ts';
import { clusterFacts } from '../../policy/cluster-facts.ts';
import type { Dataplane, PodParty } from '../../policy/facts.ts';
import type { ClusterDataplanes } from './cluster-dataplanes.ts';
import { isEnforced } from '../../policy/engine-builder.ts';
import { assumedDataplane, createIsolation, enforcedKinds } from './pod-isolation.ts';
import type { ClusterPolicies, PolicyBook, PolicyObject, Selecting } from './policy-objects.ts';
import { policyId } from './policy-names.ts';
import type { PodPoliciesJson, PodPolicyJson, PolicyWay } from './policy-shapes.ts';

/** Pods of a namespace: the one of that name or, where nobody knows it, those of the workload. */
export type PodQuestion = {
  readonly namespace: string;
  /** Empty: the workload alone is meant. */
  readonly name: string;
  /** Empty: not known. */
  readonly workload: string;
};

type Found = {
  readonly by: PodPoliciesJson['by'];
  readonly pods: readonly { readonly party: PodParty; readonly owner: WorkloadOwner | undefined }[];
};

const WAYS: readonly PolicyWay[] = ['ingress', 'egress'];
const MAX_PODS = 100;

/**
 * The policies that select a pod or the pods of a workload, in each cluster that has one of that name; `undefined` where
 * none has.
 */
export function podPolicies(
  book: PolicyBook,
  snapshot: InventorySnapshot,
  asked: PodQuestion,
  dataplanes: ClusterDataplanes,
): PodPoliciesJson | undefined {
  const byCluster = Map.groupBy(snapshot.objects, ({ key }) => key.cluster);
  const all = book.of(snapshot).map((cluster) => ({
    cluster,
    found: findPods(byCluster.get(cluster.cluster) ?? [], cluster, asked),
  }));
  const by = (['pod', 'workload', 'template'] as const).find((each) =>
    all.some(({ found }) => found.by === each && found.pods.length > 0),
  );
  if (by === undefined) return undefined;
  const holders = all.filter(({ found }) => found.by === by && found.pods.length > 0);
  const told = holders.map(({ cluster, found }) =>
    ofCluster(
      cluster,
      found,
      dataplanes.of(cluster.cluster) ?? assumedDataplane(cluster),
      snapshot,
    ),
  );
  return {
    by,
    pods: told.flatMap(({ pods }) => pods).slice(0, MAX_PODS),
    policies: told.flatMap(({ policies }) => policies),
    isolation: told.flatMap(({ isolation }) => isolation),
    untold: [...new Set(told.flatMap(({ untold }) => untold))],
  };
}

/** What a person reads where `podPolicies` found none. */
export function noPodText(
  { namespace, name, workload }: PodQuestion,
  { coveredSince, coverage }: InventorySnapshot,
): string {
  const wanted = [
    ...(name === '' ? [] : [`pod '${namespace}/${name}'`]),
    ...(workload === '' ? [] : [`workload '${namespace}/${workload}'`]),
  ].join(' or ');
  if (coveredSince === undefined)
    return `no inventory source told anything at that time, so nothing is known of ${wanted}`;
  if (!coverage.some(({ kind }) => kind === 'Pod'))
    return `no inventory source told pods at that time, so nothing is known of ${wanted}`;
  return `the inventory of that time holds no ${wanted}`;
}

function findPods(
  objects: readonly ObjectVersion[],
  { world: { facts } }: ClusterPolicies,
  { namespace, name, workload }: PodQuestion,
): Found {
  const own = objects
    .filter(({ key }) => key.namespace === namespace)
    .map(({ manifest }) => manifest);
  const owners = createWorkloadOwners(own);
  const partyOf = (pod: Manifest): Found['pods'] => {
    const party = facts.pods.get(`${namespace}/${pod.metadata.name}`);
    return party === undefined ? [] : [{ party, owner: owners.of(pod) }];
  };
  const pods = own.filter(({ kind }) => kind === 'Pod');
  const named = pods.filter(({ metadata }) => metadata.name === name).flatMap(partyOf);
  if (named.length > 0 || workload === '') return { by: 'pod', pods: named };
  const alike = pods.filter((pod) => owners.of(pod)?.name === workload).flatMap(partyOf);
  if (alike.length > 0) return { by: 'workload', pods: alike };
  const made = own.filter(({ metadata }) => metadata.name === workload).flatMap(partyOfTemplate);
  return { by: 'template', pods: made };
}

/** Between two runs of a CronJob there is no pod, and its template says what the next one will be. */
function partyOfTemplate(manifest: Manifest): Found['pods'] {
  const pod = podOfTemplate(manifest);
  if (pod === undefined) return [];
  const owner = { kind: manifest.kind, name: manifest.metadata.name };
  return [...clusterFacts([pod]).pods.values()].map((party) => ({ party, owner }));
}

function ofCluster(
  cluster: ClusterPolicies,
  { by, pods }: Found,
  dataplane: Dataplane,
  { coverage }: InventorySnapshot,
): Omit<PodPoliciesJson, 'by'> {
  const isolation = createIsolation(cluster, dataplane);
  // Those on the network of their node are no subject of policies.
  const subjects = pods.filter(({ party }) => party.hostNetwork !== true).map(({ party }) => party);
  const selecting = subjects.flatMap((pod) =>
    cluster.selecting(pod).map((each) => ({ ...each, pod })),
  );
  const covered = new Set(
    coverage.flatMap((span) => (span.cluster === cluster.cluster ? [span.kind] : [])),
  );
  return {
    pods: pods.map(({ party: { namespace, name, hostNetwork }, owner }) => ({
      ...{ cluster: cluster.cluster, namespace, name: by === 'template' ? '' : name },
      ...{ workload: owner ?? null, hostNetwork: hostNetwork === true },
    })),
    policies: [...Map.groupBy(selecting, ({ policy }) => policy)].map(([policy, those]) =>
      policyJson(policy, those, cluster.cluster, dataplane),
    ),
    isolation: WAYS.map((way) => {
      const truths = subjects.map((pod) => isolation.of(pod, way));
      const count = (wanted: string): number => truths.filter((truth) => truth === wanted).length;
      return {
        ...{ cluster: cluster.cluster, way, pods: subjects.length },
        ...{ isolated: count('yes'), unsure: count('unknown') },
      };
    }),
    untold: enforcedKinds(dataplane).filter((kind) => !covered.has(kind)),
  };
}

function policyJson(
  { ref, version, compiled }: PolicyObject,
  those: readonly (Selecting & { readonly pod: PodParty })[],
  cluster: string,
  dataplane: Dataplane,
): PodPolicyJson {
  const sure = those.filter(({ truth }) => truth === 'yes');
  return {
    id: policyId(ref.kind, version.key.namespace, version.key.name),
    ...{ policy: ref, cluster },
    directions: WAYS.filter((wanted) => those.some(({ way }) => way === wanted)),
    staged: ref.kind.startsWith('Staged'),
    enforced: compiled.some(({ family }) => isEnforced(family, dataplane)),
    pods: new Set(sure.map(({ pod }) => pod)).size,
    unsure: sure.length === 0,
  };
}
