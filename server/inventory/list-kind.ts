import type { SeenObject } from '../core/inventory.ts';
import { isRecord, manifestsIn } from '../core/manifest.ts';
import type { KubeAccess } from './kube-access.ts';
import { kubeFailure, type KubeFailure } from './kube-failure.ts';
import type { KindRow } from './kinds.ts';
import { seenObject } from './seen-object.ts';

export type ListKindOptions = {
  readonly row: KindRow;
  readonly access: KubeAccess;
  readonly cluster: string;
  invalid(where: string, reason: string): void;
};

/** As kubectl asks: a list of five thousand pods is ten answers, and none of them is large. */
const PAGE = 500;

export type Listed = {
  readonly apiVersion: string;
  readonly objects: readonly SeenObject[];
  readonly resourceVersion: string;
};

/** By the first version that the cluster serves. */
export async function listServed(options: ListKindOptions, signal: AbortSignal): Promise<Listed> {
  let missing: KubeFailure | undefined;
  for (const apiVersion of options.row.apiVersions) {
    try {
      return await listAll(options, apiVersion, signal);
    } catch (error) {
      const failure = kubeFailure(error);
      if (failure.status !== 404) throw failure;
      missing = failure;
    }
  }
  throw missing ?? new Error('a kind has at least one version');
}

export const pathOf = ({ plural }: KindRow, apiVersion: string): string =>
  `${apiVersion.includes('/') ? '/apis' : '/api'}/${apiVersion}/${plural}`;

async function listAll(
  options: ListKindOptions,
  apiVersion: string,
  signal: AbortSignal,
): Promise<Listed> {
  const objects: SeenObject[] = [];
  let next: string | undefined;
  for (;;) {
    const path = pathOf(options.row, apiVersion);
    const answer = await options.access.get(path, { limit: PAGE, continue: next }, signal);
    const metadata = isRecord(answer) && isRecord(answer['metadata']) ? answer['metadata'] : {};
    const items = isRecord(answer) && Array.isArray(answer['items']) ? answer['items'] : [];
    for (const item of items as unknown[]) {
      const object = objectOf(options, apiVersion, item);
      if (object !== undefined) objects.push(object);
    }
    next = textOf(metadata['continue']);
    // A server that is asked for the most recent list answers every page with one version.
    if (next === undefined)
      return { apiVersion, objects, resourceVersion: textOf(metadata['resourceVersion']) ?? '' };
  }
}

export const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

/** The items of a list do not say what they are. */
export const manifestOf = (row: KindRow, apiVersion: string, value: unknown): unknown =>
  isRecord(value) ? { apiVersion, kind: row.kind, ...value } : value;

export function objectOf(
  { row, cluster, invalid }: ListKindOptions,
  apiVersion: string,
  value: unknown,
): SeenObject | undefined {
  const [found] = manifestsIn(manifestOf(row, apiVersion, value));
  if (found === undefined) return undefined;
  if (!found.ok) {
    invalid(row.plural, `${found.fault.path.join('.')} ${found.fault.message}`);
    return undefined;
  }
  const sighting = seenObject(found.manifest, cluster);
  if (sighting.kind === 'seen') return sighting.object;
  const { namespace, name } = found.manifest.metadata;
  if (sighting.kind === 'invalid')
    invalid(`${row.plural} ${namespace ?? ''}/${name}`, sighting.reason);
  return undefined;
}
