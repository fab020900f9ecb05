/** Owner of a pod, as the node on which the pod runs told it. */
export type Workload = { readonly name: string; readonly kind: string };

/** Hubble names workloads for the reporting node's own endpoints only; the other side learns them from there. */
export type WorkloadMemory = {
  readonly learn: (cluster: string, namespace: string, pod: string, workload: Workload) => void;
  readonly find: (cluster: string, namespace: string, pod: string) => Workload | undefined;
};

/** Pods remembered; the one not met for longest is forgotten first. */
const LIMIT = 100_000;

export function createWorkloadMemory(limit = LIMIT): WorkloadMemory {
  const known = new Map<string, Workload>();
  const keyOf = (cluster: string, namespace: string, pod: string): string =>
    `${cluster}/${namespace}/${pod}`;
  const touch = (key: string, workload: Workload): void => {
    known.delete(key);
    known.set(key, workload);
  };
  return {
    learn: (cluster, namespace, pod, workload) => {
      touch(keyOf(cluster, namespace, pod), workload);
      if (known.size <= limit) return;
      const [oldest] = known.keys();
      if (oldest !== undefined) known.delete(oldest);
    },
    find: (cluster, namespace, pod) => {
      const key = keyOf(cluster, namespace, pod);
      const workload = known.get(key);
      if (workload !== undefined) touch(key, workload);
      return workload;
    },
  };
}
