import type { Endpoint, PolicyHit } from '../../core/flow.ts';
import { createRecent, type Recent } from './recent.ts';

/** Objects that many flows share. What was not met lately is forgotten, since pods churn for ever. */
export type Interner = {
  readonly endpoint: (endpoint: Endpoint) => Endpoint;
  readonly hits: (hits: readonly PolicyHit[]) => readonly PolicyHit[];
};

const NO_HITS: readonly PolicyHit[] = [];
/** What is in use beyond this is found by its bytes, and only met here when those are forgotten. */
const LIMIT = 8_192;
const SEPARATOR = '\u0000';

export function createInterner(limit = LIMIT): Interner {
  const endpoints = createRecent<Endpoint>(limit);
  const hitLists = createRecent<readonly PolicyHit[]>(limit);
  return {
    endpoint: (endpoint) => share(endpoints, endpointKey(endpoint), endpoint),
    hits: (hits) =>
      hits.length === 0 ? NO_HITS : share(hitLists, hits.map(hitKey).join(SEPARATOR), hits),
  };
}

function share<T>(known: Recent<T>, key: string, value: T): T {
  const found = known.get(key);
  if (found !== undefined) return found;
  known.set(key, value);
  return value;
}

function endpointKey(end: Endpoint): string {
  const head = [end.kind, end.cluster, end.namespace, end.pod, end.workload, end.workloadKind];
  return [...head, end.name, end.identity, ...end.labels].join(SEPARATOR);
}

function hitKey({ policy, direction, action, stage, matched, rule }: PolicyHit): string {
  const names = [policy.kind, policy.namespace, policy.name, policy.tier];
  return [...names, direction, action, stage, matched, rule].join(SEPARATOR);
}
