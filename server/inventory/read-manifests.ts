import { keyText, MAX_INVALID, type InvalidObject, type SeenObject } from '../core/inventory.ts';
import { isRecord, manifestsIn, pathText } from '../core/manifest.ts';
import { readYamlDocuments, type YamlDocument } from '../lib/yaml-documents.ts';
import { createBudget, type Budget, type ManifestText } from './archive.ts';
import { findKind } from './kinds.ts';
import { manifestTexts } from './manifest-texts.ts';
import { seenObject } from './seen-object.ts';

/** Everything that was found at a path. */
export type ManifestReading = {
  readonly objects: readonly SeenObject[];
  /** The first `MAX_INVALID`. */
  readonly invalid: readonly InvalidObject[];
  readonly ignored: number;
};

export type ReadManifestsTask = { readonly path: string; readonly cluster: string };

type Collected = {
  readonly objects: Map<string, { readonly object: SeenObject; readonly where: string }>;
  readonly invalid: InvalidObject[];
  ignored: number;
};

/**
 * Reads all objects of a directory, a file or an archive. What is wrong with one of them never hides the others. Throws
 * where nothing can be read at all, and `Refused` for an archive that is refused as a whole.
 */
export async function readManifests(
  { path, cluster }: ReadManifestsTask,
  budget: Budget = createBudget(),
): Promise<ManifestReading> {
  const collected: Collected = { objects: new Map(), invalid: [], ignored: 0 };
  for await (const text of manifestTexts(path, budget)) collectText(collected, text, cluster);
  return {
    objects: [...collected.objects.values()].map(({ object }) => object),
    invalid: collected.invalid,
    ignored: collected.ignored,
  };
}

function collectText(collected: Collected, { name, text }: ManifestText, cluster: string): void {
  for (const read of readYamlDocuments(text)) {
    if (read.ok) collectDocument(collected, name, read.document, cluster);
    else refuse(collected, `${name}:${read.fault.line}`, read.fault.message);
  }
}

function refuse({ invalid }: Collected, where: string, reason: string): void {
  if (invalid.length < MAX_INVALID) invalid.push({ where, reason });
}

function collectDocument(
  collected: Collected,
  name: string,
  document: YamlDocument,
  cluster: string,
): void {
  if (isSomethingElse(document.value)) {
    collected.ignored++;
    return;
  }
  for (const found of manifestsIn(document.value)) {
    const path = found.ok ? found.path : found.fault.path;
    const where = `${name}:${document.lineOf(path)}`;
    if (!found.ok) {
      refuse(collected, where, `${pathText(path)} ${found.fault.message}`.trim());
      continue;
    }
    const sighting = seenObject(found.manifest, cluster);
    if (sighting.kind === 'ignored') collected.ignored++;
    else if (sighting.kind === 'invalid') refuse(collected, where, sighting.reason);
    else {
      const key = keyText(sighting.object.key);
      const first = collected.objects.get(key);
      if (first === undefined) collected.objects.set(key, { object: sighting.object, where });
      else refuse(collected, where, `is there twice; the one in ${first.where} is taken`);
    }
  }
}

/** A checkout also holds values of charts and settings of tools, which nobody wants to hear about. */
function isSomethingElse(value: unknown): boolean {
  if (value === null || value === undefined) return false;
  if (!isRecord(value)) return true;
  const { apiVersion, kind } = value;
  if (typeof apiVersion !== 'string' || typeof kind !== 'string')
    return apiVersion === undefined || kind === undefined;
  return findKind(apiVersion, kind) === undefined && !kind.endsWith('List');
}
