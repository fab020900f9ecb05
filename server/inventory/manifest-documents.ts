import { keyText } from '../core/inventory.ts';
import { manifestsIn } from '../core/manifest.ts';
import { readYamlDocuments } from '../lib/yaml-documents.ts';
import { createBudget } from './archive.ts';
import { manifestTexts } from './manifest-texts.ts';
import { seenObject } from './seen-object.ts';

/** Where an object is written, and its own text there: what a change of it is shown in. */
export type ManifestDocument = { readonly file: string; readonly text: string };

/** A line of three dashes begins the next document. */
const DOCUMENTS = /^---(?:[ \t].*)?$\r?\n?/m;

/** The text of every object that has a document of its own, by `keyText`; those of lists have none. */
export async function manifestDocuments(
  path: string,
): Promise<ReadonlyMap<string, ManifestDocument>> {
  const found = new Map<string, ManifestDocument>();
  for await (const { name, text } of manifestTexts(path, createBudget())) {
    for (const part of text.split(DOCUMENTS)) {
      const key = keyOfOnly(part);
      if (key !== undefined && !found.has(key)) found.set(key, { file: name, text: part });
    }
  }
  return found;
}

function keyOfOnly(text: string): string | undefined {
  const [read, ...others] = readYamlDocuments(text);
  if (read?.ok !== true || others.length > 0) return undefined;
  const [first, ...more] = manifestsIn(read.document.value);
  if (first?.ok !== true || more.length > 0 || first.path.length > 0) return undefined;
  const sighting = seenObject(first.manifest, '');
  return sighting.kind === 'seen' ? keyText(sighting.object.key) : undefined;
}
