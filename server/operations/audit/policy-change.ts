import { keyText, type ObjectVersion, type SeenObject } from '../../core/inventory.ts';
import type { Manifest } from '../../core/manifest.ts';
import { kindOf } from '../../policy/policy-set.ts';
import { DIALECTS } from '../../policy/registry.ts';
import type { Way } from '../../policy/form.ts';

const POLICY_KINDS: ReadonlySet<string> = new Set(
  Object.values(DIALECTS).flatMap(({ kinds }) => kinds),
);

export const isPolicy = (manifest: Manifest): boolean => POLICY_KINDS.has(kindOf(manifest));

type Known = Pick<ObjectVersion | SeenObject, 'key' | 'manifest'>;

/**
 * Objects as they would be with others applied: those of the same name are replaced. `replacePolicies`: policies that
 * are not among them are gone, as with a folder that holds the whole set.
 */
export function applied(
  present: readonly Known[],
  changed: readonly Known[],
  { replacePolicies }: { readonly replacePolicies: boolean },
): readonly Manifest[] {
  const named = new Set(changed.map(({ key }) => keyText(key)));
  const stays = ({ key, manifest }: Known): boolean =>
    !named.has(keyText(key)) && !(replacePolicies && isPolicy(manifest));
  return [...present.filter(stays), ...changed].map(({ manifest }) => manifest);
}

const TYPES: Readonly<Record<Way, string>> = { ingress: 'Ingress', egress: 'Egress' };

/** A policy that selects every pod of a namespace and admits nothing; all dataplanes enforce it. */
export function defaultDeny(namespace: string, ways: readonly Way[]): Manifest {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'default-deny', namespace },
    spec: { podSelector: {}, policyTypes: ways.map((way) => TYPES[way]) },
  };
}
