/** An object of the Kubernetes API, as its server or a file gave it; fields that we do not know are kept. */
export type Manifest = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ManifestMetadata;
  readonly [field: string]: unknown;
};

export type ManifestMetadata = {
  readonly name: string;
  /** Absent for what is cluster-wide, and where a file leaves it to the context. */
  readonly namespace?: string;
  readonly uid?: string;
  /** Rises with each change of the spec; files have none. */
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
};

/** Where a value stands in a manifest: field names and list positions. */
export type ManifestPath = readonly (string | number)[];

/** Something in a manifest that a cluster would refuse, or that no object is. */
export type ManifestFault = { readonly path: ManifestPath; readonly message: string };

export type FoundManifest =
  | { readonly ok: true; readonly manifest: Manifest; readonly path: ManifestPath }
  | { readonly ok: false; readonly fault: ManifestFault };

/** `spec.ingress[1].from`, as kubectl prints it. */
export function pathText(path: ManifestPath): string {
  return path
    .map((part, index) =>
      typeof part === 'number' ? `[${part}]` : index === 0 ? part : `.${part}`,
    )
    .join('');
}

/** What stands at a path; `undefined` where it leads nowhere. */
export const valueAtPath = (value: unknown, path: ManifestPath): unknown =>
  path.reduce<unknown>((holder, part) => {
    if (typeof part === 'number') return Array.isArray(holder) ? holder[part] : undefined;
    return isRecord(holder) && Object.hasOwn(holder, part) ? holder[part] : undefined;
  }, value);

/** The objects in a document; those of a `List` one by one. An empty document holds none. */
export function manifestsIn(value: unknown): readonly FoundManifest[] {
  if (value === null || value === undefined) return [];
  if (isRecord(value) && Array.isArray(value['items']) && String(value['kind']).endsWith('List'))
    return value['items'].map((item, index) => readManifest(item, ['items', index]));
  return [readManifest(value, [])];
}

function readManifest(value: unknown, path: ManifestPath): FoundManifest {
  const fault = manifestFault(value);
  return fault === undefined
    ? { ok: true, manifest: value as Manifest, path }
    : { ok: false, fault: { ...fault, path: [...path, ...fault.path] } };
}

function manifestFault(value: unknown): ManifestFault | undefined {
  if (!isRecord(value)) return { path: [], message: 'is no Kubernetes object' };
  for (const field of ['apiVersion', 'kind'])
    if (!isText(value[field])) return { path: [field], message: 'is missing or no text' };
  const metadata = value['metadata'];
  if (!isRecord(metadata)) return { path: ['metadata'], message: 'is missing' };
  if (!isText(metadata['name'])) return { path: ['metadata', 'name'], message: 'is missing' };
  if (metadata['namespace'] !== undefined && typeof metadata['namespace'] !== 'string')
    return { path: ['metadata', 'namespace'], message: 'is no text' };
  for (const field of ['labels', 'annotations']) {
    const fault = textMapFault(metadata[field]);
    if (fault !== undefined) return { ...fault, path: ['metadata', field, ...fault.path] };
  }
  return undefined;
}

/** YAML reads an unquoted `true` or `1` as no text, which a cluster refuses as the value of a label. */
function textMapFault(value: unknown): ManifestFault | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isRecord(value)) return { path: [], message: 'is no map' };
  for (const [key, entry] of Object.entries(value))
    if (typeof entry !== 'string')
      return { path: [key], message: `is ${JSON.stringify(entry)}, and must be text: quote it` };
  return undefined;
}

const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
