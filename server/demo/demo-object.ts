import type { Manifest } from '../core/manifest.ts';
import { createRandom, mixSeed, randomUuid, textSeed } from './random.ts';

/** Older than the past that the demo tells of. */
const CREATED = '2026-01-05T09:00:00Z';

type Metadata = {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
};

type OwnerReference = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller: true;
};

/** An object as an API server tells it. `apiVersion` is `v1` unless the fields have another. */
export function demoObject(
  cluster: string,
  kind: string,
  metadata: Metadata,
  fields: Readonly<Record<string, unknown>> = {},
): Manifest {
  const uid = uidOf(cluster, kind, metadata.namespace, metadata.name);
  return {
    apiVersion: 'v1',
    kind,
    metadata: { ...metadata, uid, creationTimestamp: CREATED },
    ...fields,
  };
}

/** Fields that an API server adds to a manifest. */
export function asStored(manifest: Manifest, cluster: string, generation: number): Manifest {
  const { kind, metadata } = manifest;
  const uid = uidOf(cluster, kind, metadata.namespace, metadata.name);
  return {
    ...manifest,
    metadata: { ...metadata, uid, generation, creationTimestamp: CREATED },
  };
}

export const controlledBy = (
  cluster: string,
  namespace: string,
  owner: Pick<OwnerReference, 'apiVersion' | 'kind' | 'name'>,
): readonly OwnerReference[] => [
  { ...owner, uid: uidOf(cluster, owner.kind, namespace, owner.name), controller: true },
];

const uidOf = (cluster: string, kind: string, namespace = '', name: string): string =>
  randomUuid(createRandom(mixSeed(...[cluster, kind, `${namespace}/${name}`].map(textSeed))));
