import { hash } from 'node:crypto';
import type { RecordPlace } from './decode/flow-id.ts';
import { createRecent } from './decode/recent.ts';

/** Places the next line of a file; to be called for every line, in order. */
export type ImportPlaces = (line: Uint8Array) => RecordPlace;

/** Lines remembered to find equal ones. */
const LINES = 100_000;

/**
 * Places of an imported file's lines depend on content alone, so that a copy which is compressed, renamed or
 * longer gives each record the id that it had: the first line names the file, and how many equal lines came
 * before tells equal lines apart. Equal lines that stand very far apart get one place; the store still counts
 * how often it has a record.
 */
export function importPlaces(): ImportPlaces {
  const seen = createRecent<number>(LINES);
  let file: string | undefined;
  return (line) => {
    const digest = hash('sha256', line, 'hex').slice(0, 32);
    file ??= digest;
    const offset = seen.get(digest) ?? 0;
    seen.set(digest, offset + 1);
    return { file, offset, always: true };
  };
}
