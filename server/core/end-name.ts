import type { Endpoint } from './flow.ts';

type NamedEnd = Pick<Endpoint, 'namespace' | 'pod' | 'workload' | 'name'>;

/**
 * The name of an end that stays the same while its pods come and go: `shop/checkout`, `world`, `node-7`.
 * Falls back on the pod, then on the address; `unknown` when the record names nothing.
 */
export function endName(end: NamedEnd, ip: string): string {
  const own = end.workload || end.pod || end.name;
  if (own === '') return end.namespace === '' ? ip || 'unknown' : `${end.namespace}/?`;
  return end.namespace === '' ? own : `${end.namespace}/${own}`;
}
