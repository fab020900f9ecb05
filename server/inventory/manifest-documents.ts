import { keyText } from '../core/inventory.ts';
import { manifestsIn, type ManifestPath } from '../core/manifest.ts';
import { readYamlDocuments } from '../lib/yaml-documents.ts';
import { createBudget } from './archive.ts';
import { manifestTexts } from './manifest-texts.ts';
import { seenObject } from './seen-object.ts';

/** Where an object is written. */
export type ManifestDocument = {
  readonly file: string;
  /** Its own text there, which a change of it is shown in; empty for what stands in a list. */
  readonly text: string;
  /** Of the object that was read from it. */
  readonly hash: string;
  /** Line of the file that has the value at a path, or the nearest around it; `undefined` in JSON. */
  lineOf(path: ManifestPath): number | undefined;
};

/** A line of three dashes begins the next document. */
const DOCUMENTS = /^---(?:[ \t].*)?$\r?\n?/m;

/** Where every object is written, by `keyText`; of several of one name the first. */
export async function manifestDocuments(
  path: string,
): Promise<ReadonlyMap<string, ManifestDocument>> {
  const found = new Map<string, ManifestDocument>();
  for await (const { name, text } of manifestTexts(path, createBudget()))
    for (const part of partsOf(text)) collect(found, name, part);
  return found;
}

type Part = { readonly text: string; readonly linesBefore: number };

function partsOf(text: string): readonly Part[] {
  const parts: Part[] = [];
  let rest = text;
  let linesBefore = 0;
  for (;;) {
    const dashes = DOCUMENTS.exec(rest);
    const end = dashes === null ? rest.length : dashes.index;
    parts.push({ text: rest.slice(0, end), linesBefore });
    if (dashes === null) return parts;
    const next = end + dashes[0].length;
    linesBefore += rest.slice(0, next).split('\n').length - 1;
    rest = rest.slice(next);
  }
}

function collect(
  found: Map<string, ManifestDocument>,
  file: string,
  { text, linesBefore }: Part,
): void {
  const documents = readYamlDocuments(text).flatMap((read) => (read.ok ? [read.document] : []));
  // Its reader keeps no lines of JSON.
  const isJson = /^\s*\{/.test(text);
  for (const { value, lineOf } of documents)
    for (const each of manifestsIn(value)) {
      const sighting = each.ok ? seenObject(each.manifest, '') : undefined;
      if (!each.ok || sighting?.kind !== 'seen') continue;
      const { key, hash } = sighting.object;
      const isAlone = documents.length === 1 && each.path.length === 0;
      if (!found.has(keyText(key)))
        found.set(keyText(key), {
          ...{ file, hash, text: isAlone ? text : '' },
          lineOf: (path) => (isJson ? undefined : linesBefore + lineOf([...each.path, ...path])),
        });
    }
}
