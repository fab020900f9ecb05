import type { SeenObject } from '../../server/core/inventory.ts';
import type { Manifest } from '../../server/core/manifest.ts';
import { seenObject } from '../../server/inventory/seen-object.ts';

/** What the inventory keeps of a manifest; fails for one that it does not keep. */
export function seen(manifest: Manifest, cluster = ''): SeenObject {
  const sighting = seenObject(manifest, cluster);
  if (sighting.kind !== 'seen') throw new Error(`${manifest.kind} is ${sighting.kind}`);
  return sighting.object;
}

export const networkPolicy = (
  name: string,
  spec: Readonly<Record<string, unknown>> = {},
  namespace = 'shop',
): Manifest => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name, namespace },
  spec: { podSelector: {}, ...spec },
});

export const pod = (
  name: string,
  ip: string,
  labels: Readonly<Record<string, string>> = {},
): Manifest => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'shop', labels },
  spec: { nodeName: 'worker-1' },
  status: { phase: 'Running', podIP: ip, podIPs: [{ ip }] },
});
