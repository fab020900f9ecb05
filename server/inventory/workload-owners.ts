import { isRecord, type Manifest } from '../core/manifest.ts';

/** What somebody wrote down to have pods: the last of the owners that stand behind one. */
export type WorkloadOwner = { readonly kind: string; readonly name: string };

export type WorkloadOwners = {
  /** The workload of a pod; `undefined` for one that nobody made but a person or a node. */
  of(pod: Manifest): WorkloadOwner | undefined;
};

/** Labels by which controllers mark the pods of one template, and what they mark them for. */
const TEMPLATE_HASHES: readonly (readonly [label: string, kind: string])[] = [
  ['pod-template-hash', 'Deployment'],
  ['rollouts-pod-template-hash', 'Rollout'],
];

/** A CronJob names its Jobs by the minute of its schedule, once by the second. */
const SCHEDULED = /^(.+)-\d{8,10}$/;

/**
 * Finds the workloads of pods among the objects of one cluster. ReplicaSets are not among them, since a cluster keeps ten
 * old ones for each Deployment: their names, with the hash that each of their pods has as a label, say the same.
 */
export function createWorkloadOwners(objects: readonly Manifest[]): WorkloadOwners {
  const jobs = new Map(objects.filter(({ kind }) => kind === 'Job').map((job) => [idOf(job), job]));
  return {
    of(pod) {
      const owner = controllerOf(pod);
      if (owner === undefined || owner.kind === 'Node') return undefined;
      if (owner.kind === 'ReplicaSet') return behindReplicaSet(owner, pod);
      if (owner.kind !== 'Job') return owner;
      const job = jobs.get(`${pod.metadata.namespace ?? 'default'}/${owner.name}`);
      return job === undefined ? behindUnknownJob(owner) : (controllerOf(job) ?? owner);
    },
  };
}

const idOf = ({ metadata }: Manifest): string =>
  `${metadata.namespace ?? 'default'}/${metadata.name}`;

/** An object may have several owners, and one that controls it. */
function controllerOf({ metadata }: Manifest): WorkloadOwner | undefined {
  const owners: unknown = metadata['ownerReferences'];
  if (!Array.isArray(owners)) return undefined;
  const controller = owners.filter(isRecord).find((each) => each['controller'] === true);
  const { kind, name } = controller ?? {};
  return typeof kind === 'string' && typeof name === 'string' ? { kind, name } : undefined;
}

/** A ReplicaSet that somebody made by hand has no hash, and is itself the workload. */
function behindReplicaSet(owner: WorkloadOwner, { metadata }: Manifest): WorkloadOwner {
  for (const [label, kind] of TEMPLATE_HASHES) {
    const end = `-${metadata.labels?.[label] ?? ''}`;
    if (end.length > 1 && owner.name.length > end.length && owner.name.endsWith(end))
      return { kind, name: owner.name.slice(0, -end.length) };
  }
  return owner;
}

/** A Job that is gone, or that we may not read: its name alone tells. */
function behindUnknownJob(owner: WorkloadOwner): WorkloadOwner {
  const name = SCHEDULED.exec(owner.name)?.[1];
  return name === undefined ? owner : { kind: 'CronJob', name };
}
