import type { Endpoint } from './flow.ts';

export type NamedEnd = Pick<
  Endpoint,
  'kind' | 'namespace' | 'pod' | 'workload' | 'name' | 'labels'
>;

export type EndAddress = {
  /** DNS names known for the address. */
  readonly names: readonly string[];
  readonly ip: string;
};

/**
 * The name of an end that stays the same while its pods come and go: `shop/checkout`; of what is no workload,
 * its name with its address: `world api.example.com`. `unknown` when the record names nothing.
 */
export function endName(end: NamedEnd, { names, ip }: EndAddress): string {
  const workload = end.workload || end.pod;
  if (workload !== '') return end.namespace === '' ? workload : `${end.namespace}/${workload}`;
  const label = end.name || reservedName(end) || (end.kind === 'host' ? 'host' : '');
  const address = names[0] ?? ip;
  const scoped = end.namespace === '' ? label : `${end.namespace}/${label}`;
  // Cilium names a CIDR identity by the range, which may be the one address over again.
  const same = address !== '' && label.split('/')[0] === address;
  const parts = same ? [address] : [scoped, address];
  return parts.filter((part) => part !== '').join(' ') || 'unknown';
}

function reservedName(end: NamedEnd): string {
  return end.labels.find((label) => label.startsWith('reserved:'))?.slice(9) ?? '';
}
