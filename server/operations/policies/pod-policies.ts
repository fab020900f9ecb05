import type { InventorySnapshot } from '../../core/inventory.ts';
import type { PolicyBook } from './policy-objects.ts';
import { policyId } from './policy-names.ts';
import type { PodPolicyJson, PolicyWay } from './policy-shapes.ts';

/** The policies that select a pod, in each cluster that has one of that name; `undefined` where none has. */
export function podPolicies(
  book: PolicyBook,
  snapshot: InventorySnapshot,
  pod: { readonly namespace: string; readonly name: string },
): readonly PodPolicyJson[] | undefined {
  const holders = book.of(snapshot).flatMap((cluster) => {
    const party = cluster.pods.find(
      ({ namespace, name }) => namespace === pod.namespace && name === pod.name,
    );
    return party === undefined ? [] : [{ cluster, party }];
  });
  if (holders.length === 0) return undefined;
  return holders.flatMap(({ cluster: { cluster, selecting }, party }) => {
    const byPolicy = Map.groupBy(selecting(party), ({ policy }) => policy);
    return [...byPolicy].map(([{ ref, version }, those]) => ({
      id: policyId(ref.kind, version.key.namespace, version.key.name),
      ...{ policy: ref, cluster },
      directions: [...new Set(those.map(({ way }): PolicyWay => way))],
      staged: ref.kind.startsWith('Staged'),
    }));
  });
}
