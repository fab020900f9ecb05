import type { Endpoint, PolicyHit } from '../../core/flow.ts';

/** Objects that many flows share. Entries are forgotten all at once at the limit, since pods churn for ever. */
export type Interner = {
  readonly endpoint: (endpoint: Endpoint) => Endpoint;
  readonly hits: (hits: readonly PolicyHit[]) => readonly PolicyHit[];
};

const NO_HITS: readonly PolicyHit[] = [];
const LIMIT = 50_000;
const SEPARATOR = '\u0000';

export function createInterner(limit = LIMIT): Interner {
  const endpoints = new Map<string, Endpoint>();
  const hitLists = new Map<string, readonly PolicyHit[]>();
  return {
    endpoint: (endpoint) => share(endpoints, endpointKey(endpoint), endpoint, limit),
    hits: (hits) =>
      hits.length === 0 ? NO_HITS : share(hitLists, hits.map(hitKey).join(SEPARATOR), hits, limit),
  };
}

function share<T>(known: Map<string, T>, key: string, value: T, limit: number): T {
  const found = known.get(key);
  if (found !== undefined) return found;
  if (known.size >= limit) known.clear();
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
