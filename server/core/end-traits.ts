import type { Endpoint } from './flow.ts';

const EXTERNAL = new Set(['world', 'world-ipv4', 'world-ipv6', 'pub']);
const HOST = new Set(['host', 'remote-node']);

/** What `is:` knows of an end: `external` (outside the cluster) and `host` (a node, or its network). */
export function endTraits(end: Endpoint): readonly string[] {
  const traits: string[] = [];
  const reserved = end.labels
    .filter((label) => label.startsWith('reserved:'))
    .map((label) => label.slice('reserved:'.length));
  if (EXTERNAL.has(end.name) || reserved.some((name) => EXTERNAL.has(name)))
    traits.push('external');
  if (end.kind === 'host' || reserved.some((name) => HOST.has(name))) traits.push('host');
  return traits;
}
