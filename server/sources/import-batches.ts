import type { Checkpoint, Flow, FlowBatch, Gap } from '../core/flow.ts';
import { nanos, type EpochNanos } from '../core/time.ts';
import { foldGaps } from './fold-gaps.ts';
import type { RecognizedImport } from './import-known.ts';
import { createContentHash, printImportMark, type ContentHash } from './import-mark.ts';
import { importPlaces, type ImportPlaces } from './import-places.ts';
import { createRejections } from './rejections.ts';
import type { LineDecoder } from './line-decoder.ts';
import { decodeLine } from './tailed-source.ts';
import { TornGzip } from './transport/gunzip.ts';
import {
  createLineSplitter,
  type LineSplitter,
  type SplitLine,
} from './transport/line-splitter.ts';

export type Importing = {
  readonly origin: string;
  readonly now: () => EpochNanos;
  readonly decode: LineDecoder;
  readonly format: () => string;
  /** The earlier import that this one goes on with. */
  readonly recognized: RecognizedImport | undefined;
  /** Tell again what the earlier import told; the store is to look for what it has. */
  readonly retell: boolean;
  /** Hears of each flow that the earlier import told and that is not told again. */
  readonly onLeftOut: () => void;
};

/** What grows while a file is read. */
type Progress = {
  readonly splitter: LineSplitter;
  readonly hash: ContentHash;
  readonly placeOf: ImportPlaces;
  flows: number;
  since: EpochNanos;
};

const LINE_LIMIT = 10 * 1024 * 1024;
const BATCH_LINES = 8192;

/** All lines are decoded, also known ones: what they say can decide what a later one means. */
export async function* importBatches(
  importing: Importing,
  parts: AsyncIterable<Buffer>,
  signal: AbortSignal,
): AsyncGenerator<FlowBatch> {
  const progress = startProgress(importing);
  const { splitter, hash } = progress;
  let torn: string | undefined;
  try {
    for await (const part of parts) {
      if (signal.aborted) return;
      hash.push(part);
      splitter.push(part);
      for (let lines = takeLines(splitter); lines.length > 0; lines = takeLines(splitter)) {
        yield importBatch(importing, progress, lines);
      }
    }
  } catch (error) {
    if (!(error instanceof TornGzip)) throw error;
    torn = error.message;
  }
  const resume = splitter.offset();
  const last = splitter.takeRest();
  const lines = last === undefined ? [] : [last];
  const batch = importBatch(importing, progress, lines, { ended: true, resume });
  yield torn === undefined ? batch : { ...batch, rejected: tear(torn, batch, importing, hash) };
}

const takeLines = (splitter: LineSplitter) => splitter.take(BATCH_LINES);

function startProgress({ now, recognized }: Importing): Progress {
  const mark = recognized?.mark;
  return {
    splitter: createLineSplitter({ limit: LINE_LIMIT, offset: 0, before: Buffer.alloc(0) }),
    hash: createContentHash(),
    placeOf: importPlaces(),
    flows: 0,
    since: mark === undefined ? now() : nanos(BigInt(mark.since)),
  };
}

function importBatch(
  importing: Importing,
  progress: Progress,
  lines: readonly SplitLine[],
  end?: { readonly ended: true; readonly resume: number },
): FlowBatch {
  const { origin, decode, recognized, retell } = importing;
  const receivedAt = importing.now();
  const [rejections, knownRejections] = [createRejections(), createRejections()];
  const flows: Flow[] = [];
  const gaps: Gap[] = [];
  for (const { bytes, offset, oversized } of lines) {
    const place = progress.placeOf(bytes);
    const known = recognized !== undefined && offset < recognized.from;
    const counts = known ? knownRejections : rejections;
    if (oversized) {
      counts.add('line longer than 10 MiB', bytes);
      continue;
    }
    const { flow, gap } = decodeLine({ bytes, place, receivedAt, decode, rejections: counts });
    if (flow !== undefined) progress.flows += 1;
    if (known && !retell) {
      if (flow !== undefined) importing.onLeftOut();
      continue;
    }
    if (flow !== undefined) flows.push(flow);
    if (gap !== undefined) gaps.push(gap);
  }
  return {
    origin,
    flows,
    gaps: foldGaps(gaps),
    rejected: rejections.take(),
    checkpoint: checkpointOf(importing, progress, end),
    mayRepeat: retell,
    ...(retell ? { toldSince: progress.since } : {}),
  };
}

/** That what is known is read again does not move the mark back. */
function checkpointOf(
  { recognized, format }: Importing,
  { splitter, hash, flows, since }: Progress,
  end: { readonly ended: true; readonly resume: number } | undefined,
): Checkpoint | undefined {
  const { ended = false, resume = splitter.offset() } = end ?? {};
  const size = hash.length();
  if (recognized !== undefined) {
    const { mark, from, extent } = recognized;
    if (extent === 'shorter' || size < mark.size || (!ended && resume < from)) return undefined;
  }
  return printImportMark({
    kind: 'import',
    size,
    digest: hash.digest(),
    steps: hash.steps(),
    resume,
    ended,
    flows,
    format: format(),
    since: since.toString(),
  });
}

/** That a tear cut the last line as well is not a second thing to tell. */
function tear(
  reason: string,
  { rejected }: FlowBatch,
  { recognized }: Importing,
  hash: ContentHash,
): FlowBatch['rejected'] {
  const known = recognized !== undefined && hash.length() <= recognized.from;
  return known ? [] : [{ reason, count: 1, sample: rejected[0]?.sample ?? '' }];
}
