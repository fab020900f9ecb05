import { findFile, isSame, readCompressed, readRange, type FoundFile } from './log-files.ts';
import type { Segment } from './tail-plan.ts';
import {
  handOver,
  handOverRest,
  push,
  startReading,
  type Outcome,
  type Steps,
  type Tail,
} from './tail-reading.ts';

/** A compressed file that is cut short and stays the same for so many looks is not being written any more. */
const CUT_LOOKS = 10;

/** Reads a compressed file, which does not grow once it is whole. */
export async function* readCompressedSegment(
  options: { readonly lineLimit: number; readonly now: () => bigint },
  segment: Segment,
  tail: Tail,
  later: number,
): Steps<Outcome> {
  const { file } = segment;
  const reading = await startReading(options.lineLimit, segment, tail, (from, length) =>
    readRange(file, from, length),
  );
  if (reading === undefined) return { kind: 'changed' };
  let torn = false;
  tail.unread = file.size + later;
  for await (const { bytes, cut } of readCompressed(file.path, reading.splitter.offset())) {
    torn = cut;
    push(reading, bytes);
    yield* handOver(reading, tail);
  }
  if (torn) {
    for (let look = 0; look < CUT_LOOKS; look += 1) {
      yield { kind: 'idle', waitingFor: undefined };
      if (!(await isUnchanged(file))) return { kind: 'changed' };
    }
    tail.lostSince ??= options.now();
  }
  yield* handOverRest(reading, tail);
  tail.unread = later;
  if (!segment.live) return { kind: 'read' };
  tail.lookedAt = options.now();
  tail.seen = file;
  while (await isUnchanged(file)) yield { kind: 'idle', waitingFor: undefined };
  return { kind: 'changed' };
}

async function isUnchanged(file: FoundFile): Promise<boolean> {
  const lookup = await findFile(file.path);
  return lookup.ok && isSame(lookup.file, file);
}
