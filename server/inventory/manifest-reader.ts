import { parentPort, workerData } from 'node:worker_threads';
import { Refused } from './archive.ts';
import { readManifests, type ManifestReading, type ReadManifestsTask } from './read-manifests.ts';

export type ManifestAnswer =
  | { readonly ok: true; readonly reading: ManifestReading }
  | { readonly ok: false; readonly reason: string };

// A thread of its own: YAML of a whole cluster takes seconds to parse, and who writes it may mean harm.
const answer: ManifestAnswer = await readManifests(workerData as ReadManifestsTask).then(
  (reading) => ({ ok: true, reading }),
  (error: unknown) => ({ ok: false, reason: reasonOf(error) }),
);
parentPort?.postMessage(answer);

function reasonOf(error: unknown): string {
  if (error instanceof Refused) return `it ${error.message}, and is refused as a whole`;
  return error instanceof Error ? error.message : String(error);
}
