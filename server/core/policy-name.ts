import type { PolicyHit } from './flow.ts';

/** `namespace/name`, or the name alone for what is cluster-wide; what `policy:` compares and screens show. */
export function policyName(hit: PolicyHit['policy']): string {
  return hit.namespace === '' ? hit.name : `${hit.namespace}/${hit.name}`;
}
