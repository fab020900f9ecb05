import { decidingHits } from './drop-groups.ts';
import { policyName } from './policy-name.ts';
import type { PolicyHit } from './flow.ts';

/** Names of the policies that decided, each once; empty when the record names none. */
export const policyNames = (hits: readonly PolicyHit[]): string =>
  [...new Set(decidingHits(hits).map(({ policy }) => policyName(policy)))].join(', ');
