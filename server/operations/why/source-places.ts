import type { SourcePlace } from '../../core/explanation.ts';
import { keyText, type ObjectVersion } from '../../core/inventory.ts';
import type { Manifest, ManifestPath } from '../../core/manifest.ts';
import { createBudget } from '../../inventory/archive.ts';
import { manifestDocuments, type ManifestDocument } from '../../inventory/manifest-documents.ts';
import { signatureOf } from '../../inventory/manifest-texts.ts';

/** Where an object is written, if in a file that is at hand. */
export type DocumentOf = (object: ObjectVersion) => ManifestDocument | undefined;

/** Where something stands that was read from a manifest. */
export type PlaceOf = (manifest: Manifest, path: ManifestPath) => SourcePlace | undefined;

export function placesIn(objects: readonly ObjectVersion[], documentOf: DocumentOf): PlaceOf {
  const byManifest = new Map(objects.map((object) => [object.manifest, object]));
  return (manifest, path) => {
    const object = byManifest.get(manifest);
    const document = object && documentOf(object);
    if (document === undefined) return undefined;
    const line = document.lineOf(path);
    return { file: document.file, ...(line === undefined ? {} : { line }) };
  };
}

/** Names of sources that read files, as the registry of the inventory makes them. */
const FILES = 'manifests:';

/** The path in the name of a source; `undefined` for one that watches a cluster. */
function pathOf({ source, key }: ObjectVersion): string | undefined {
  if (!source.startsWith(FILES)) return undefined;
  const cluster = `${FILES}${key.cluster}=`;
  return source.slice(
    key.cluster !== '' && source.startsWith(cluster) ? cluster.length : FILES.length,
  );
}

export type SourceFiles = {
  /** Reads what of the files of some objects has changed since it was read last. */
  of(objects: readonly ObjectVersion[]): Promise<DocumentOf>;
};

type Read = {
  readonly signature: string;
  readonly documents: ReadonlyMap<string, ManifestDocument>;
};

/** Finds objects in the files that they were read from, where those have not changed since. */
export function createSourceFiles(): SourceFiles {
  const known = new Map<string, Read>();

  const read = async (path: string): Promise<void> => {
    try {
      const signature = await signatureOf(path, createBudget());
      if (known.get(path)?.signature === signature) return;
      known.set(path, { signature, documents: await manifestDocuments(path) });
    } catch {
      // What cannot be read names no lines; the inventory tells of it where its sources are listed.
      known.delete(path);
    }
  };

  return {
    async of(objects) {
      const paths = new Set(objects.flatMap((object) => pathOf(object) ?? []));
      for (const path of paths) await read(path);
      return (object) => {
        const documents = known.get(pathOf(object) ?? '')?.documents;
        const document = documents?.get(keyText({ ...object.key, cluster: '' }));
        return document?.hash === object.hash ? document : undefined;
      };
    },
  };
}
