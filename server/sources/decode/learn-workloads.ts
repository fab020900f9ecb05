/** Owner of a pod, as the node on which the pod runs told it. */
export type Workload = { readonly name: string; readonly kind: string };

/** A pod of which somebody told the workload. Holders see what is learned of it later. */
export type LearnedPod = {
  readonly workload: Workload;
};

/** Hubble names workloads for the reporting node's own endpoints only; the other side learns them from there. */
export type WorkloadMemory = {
  readonly learn: (cluster: string, namespace: string, pod: string, workload: Workload) => void;
  readonly find: (cluster: string, namespace: string, pod: string) => LearnedPod | undefined;
  /** What a lookup of this pod would do, without one: it counts as met. False when it was forgotten meanwhile. */
  readonly meet: (pod: LearnedPod) => boolean;
  /** Changes when a pod is learned that was not known: what was not found before may be now. */
  readonly version: () => number;
};

/** Pods remembered; at most twice as many. */
const LIMIT = 100_000;

type Held = { readonly key: string; workload: Workload; metIn: number };

/** Two generations, of which the one that was not met in is forgotten when the other is full. */
export function createWorkloadMemory(limit = LIMIT): WorkloadMemory {
  let young = new Map<string, Held>();
  let old = new Map<string, Held>();
  let generation = 0;
  let version = 0;
  const touch = (pod: Held): void => {
    if (pod.metIn === generation) return;
    if (young.size >= limit) {
      old = young;
      young = new Map();
      generation += 1;
    }
    pod.metIn = generation;
    young.set(pod.key, pod);
  };
  const held = (key: string): Held | undefined => young.get(key) ?? old.get(key);
  const keyOf = (cluster: string, namespace: string, pod: string): string =>
    `${cluster}/${namespace}/${pod}`;
  return {
    learn: (cluster, namespace, pod, workload) => {
      const key = keyOf(cluster, namespace, pod);
      const known = held(key);
      if (known !== undefined) {
        known.workload = workload;
        touch(known);
        return;
      }
      version += 1;
      touch({ key, workload, metIn: -1 });
    },
    find: (cluster, namespace, pod) => {
      const known = held(keyOf(cluster, namespace, pod));
      if (known !== undefined) touch(known);
      return known;
    },
    meet: (pod) => {
      const known = pod as Held;
      if (known.metIn < generation - 1) return false;
      touch(known);
      return true;
    },
    version: () => version,
  };
}
