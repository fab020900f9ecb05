import { createContentHash, FIRST_STEP, type ContentHash, type ImportMark } from './import-mark.ts';
import { TornGzip } from './transport/gunzip.ts';

/** A file that was imported before. */
export type KnownImport = { readonly origin: string; readonly mark: ImportMark };

export type RecognizedImport = KnownImport & {
  /** Of the content now, against what was imported. A shorter one is only known as far as the last step. */
  readonly extent: 'same' | 'longer' | 'shorter';
  /** Lines that begin before this offset were imported. */
  readonly from: number;
};

const [NEWLINE, CARRIAGE_RETURN] = [0x0a, 0x0d];

/**
 * Finds the earlier import whose content this is, or the beginning of this, whatever the file is called now.
 * Reads no further than it takes to tell.
 */
export async function recognizeImport(
  parts: AsyncIterable<Buffer>,
  known: readonly KnownImport[],
): Promise<RecognizedImport | undefined> {
  if (known.length === 0) return undefined;
  const hash = createContentHash(known.map(({ mark }) => mark.size));
  const bytesAfter = new Map<number, number>();
  let left = known;
  try {
    for await (const part of parts) {
      for (const { mark } of left) {
        const after = part[mark.size - hash.length()];
        if (after !== undefined) bytesAfter.set(mark.size, after);
      }
      hash.push(part);
      left = left.filter(({ mark }) => agrees(hash, mark));
      if (left.every(({ mark }) => mark.size < hash.length())) break;
    }
  } catch (error) {
    // What stands before the tear may be known all the same.
    if (!(error instanceof TornGzip)) throw error;
  }
  const length = hash.length();
  const best = [...left].sort(bySize).find(({ mark }) => mark.size <= length);
  if (best !== undefined) {
    const { mark } = best;
    const extent = mark.size === length ? 'same' : 'longer';
    return { ...best, extent, from: goesOnAt(mark, bytesAfter.get(mark.size)) };
  }
  const [longer] = length < FIRST_STEP ? [] : left;
  return longer === undefined
    ? undefined
    : { ...longer, extent: 'shorter', from: longer.mark.size };
}

const bySize = (one: KnownImport, other: KnownImport): number => other.mark.size - one.mark.size;

function agrees(hash: ContentHash, mark: ImportMark): boolean {
  if (hash.length() >= mark.size && hash.digestAt(mark.size) !== mark.digest) return false;
  const steps = hash.steps();
  return mark.steps.every((digest, index) => (steps[index] ?? digest) === digest);
}

/** A last line without an end was whole when its end comes next or the file ends; else it went on since. */
function goesOnAt({ size, resume, ended }: ImportMark, after: number | undefined): number {
  const whole = after === undefined || after === NEWLINE || after === CARRIAGE_RETURN;
  return ended && whole ? size : resume;
}
