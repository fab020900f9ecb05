import { createHash } from 'node:crypto';
import type { ObjectKey, SeenObject } from '../core/inventory.ts';
import { isRecord, type Manifest } from '../core/manifest.ts';
import { findKind, type KindRow } from './kinds.ts';
import { slim } from './slim.ts';

/** Where Calico's CRDs keep the labels that a user gave: those of the CRD itself are other ones. */
const CALICO_METADATA = 'projectcalico.org/metadata';

/** A name with such a character is none, and would break a log line or a key. */
// eslint-disable-next-line no-control-regex
const UNPRINTABLE = /[\u0000-\u001f\u007f]/;

export type Sighting =
  | { readonly kind: 'seen'; readonly object: SeenObject }
  /** Of a kind that says nothing of the network. */
  | { readonly kind: 'ignored' }
  | { readonly kind: 'invalid'; readonly reason: string };

/** What the inventory keeps of a manifest. */
export function seenObject(manifest: Manifest, cluster: string): Sighting {
  const row = findKind(manifest.apiVersion, manifest.kind);
  if (row === undefined) return { kind: 'ignored' };
  const { name, namespace = '' } = manifest.metadata;
  if (UNPRINTABLE.test(name + namespace))
    return {
      kind: 'invalid',
      reason: 'metadata.name or metadata.namespace holds a control character',
    };
  try {
    const kept = canonical(slim(inGroupOf(row, manifest))) as Manifest;
    const hash = createHash('sha256').update(JSON.stringify(kept)).digest('base64url');
    return { kind: 'seen', object: { key: keyOf(row, manifest, cluster), manifest: kept, hash } };
  } catch (error) {
    if (error instanceof TooDeep) return { kind: 'invalid', reason: error.message };
    throw error;
  }
}

export function keyOf(row: KindRow, { kind, metadata }: Manifest, cluster: string): ObjectKey {
  return {
    cluster,
    apiGroup: row.apiGroup,
    kind,
    // A cluster takes an object without one into that of the context, which is this unless somebody changed it.
    namespace: row.namespaced ? metadata.namespace || 'default' : '',
    name: metadata.name,
  };
}

/** The CRDs behind Calico's API hold the same objects under another group. */
function inGroupOf(row: KindRow, manifest: Manifest): Manifest {
  const [first = manifest.apiVersion] = row.apiVersions;
  if (!manifest.apiVersion.startsWith('crd.projectcalico.org/')) return manifest;
  const { [CALICO_METADATA]: text, ...annotations } = manifest.metadata.annotations ?? {};
  const given = text === undefined ? {} : userMetadata(text);
  return {
    ...manifest,
    apiVersion: first,
    metadata: { ...manifest.metadata, annotations, ...given },
  };
}

function userMetadata(text: string): Pick<Manifest['metadata'], 'labels' | 'annotations'> {
  try {
    const value: unknown = JSON.parse(text);
    if (!isRecord(value)) return {};
    return {
      ...(isTextMap(value['labels']) ? { labels: value['labels'] } : {}),
      ...(isTextMap(value['annotations']) ? { annotations: value['annotations'] } : {}),
    };
  } catch {
    // Then the labels of the CRD are all that is known.
    return {};
  }
}

const isTextMap = (value: unknown): value is Readonly<Record<string, string>> =>
  isRecord(value) && Object.values(value).every((entry) => typeof entry === 'string');

/** Deeper than any object that a cluster takes. */
const MAX_DEPTH = 100;

/** The same value with the fields of every map in order, so that equal objects have equal text. */
function canonical(value: unknown, depth = 0): unknown {
  if (depth > MAX_DEPTH) throw new TooDeep('is nested too deeply');
  if (Array.isArray(value)) return value.map((each) => canonical(each, depth + 1));
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((field) => [field, canonical(value[field], depth + 1)]),
  );
}

class TooDeep extends Error {
  override readonly name = 'TooDeep';
}
