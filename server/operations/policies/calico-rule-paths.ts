import { isRecord, type Manifest, type ManifestPath } from '../../core/manifest.ts';
import type { PolicyRef } from '../../core/flow.ts';
import type { Way } from '../../policy/form.ts';

const FIELDS = { ingress: { peers: 'from' }, egress: { peers: 'to' } } as const;

/**
 * Where the rules that Calico numbers stand in a manifest, by their numbers (reference/calico.md 10.1). Rules of its own
 * policies keep their places. Of a policy of Kubernetes it makes one rule for each protocol of the ports, sorted by
 * name, and each peer. `undefined` where what it makes is not documented.
 */
export function calicoRulePaths(
  { kind }: Pick<PolicyRef, 'kind'>,
  manifest: Manifest,
  way: Way,
): readonly ManifestPath[] | undefined {
  const rules = listAt(manifest, way);
  if (kind === 'NetworkPolicy' || kind === 'StagedKubernetesNetworkPolicy')
    return rules.flatMap((rule, at) => {
      const { peers } = FIELDS[way];
      const path: ManifestPath = ['spec', way, at];
      const count = Math.max(1, listIn(rule, peers).length) * protocolsOf(rule);
      return Array.from({ length: count }, () => path);
    });
  if (kind.startsWith('Admin') || kind.startsWith('Baseline') || kind.startsWith('Cluster'))
    return undefined;
  return rules.map((_, at) => ['spec', way, at]);
}

function listAt(manifest: Manifest, way: Way): readonly unknown[] {
  return listIn(manifest['spec'], way);
}

function listIn(value: unknown, field: string): readonly unknown[] {
  const list = isRecord(value) ? value[field] : undefined;
  return Array.isArray(list) ? list : [];
}

/** Groups that the ports of a rule make: one for each protocol, and one where there is no list. */
function protocolsOf(rule: unknown): number {
  const protocols = listIn(rule, 'ports').map((port) => {
    const protocol = isRecord(port) ? port['protocol'] : undefined;
    return typeof protocol === 'string' ? protocol : 'TCP';
  });
  return Math.max(1, new Set(protocols).size);
}
