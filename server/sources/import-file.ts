import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { AppError } from '../core/errors.ts';
import type { Flow, FlowBatch, Gap } from '../core/flow.ts';
import { nanos } from '../core/time.ts';
import type { Clock } from '../lib/clock.ts';
import { calicoLine, isOldCalico, OLD_CALICO } from './calico-file.ts';
import { createCalicoDecoder } from './decode/calico.ts';
import { createHubbleDecoder } from './decode/hubble.ts';
import { isObject, type LooseObject } from './decode/loose-json.ts';
import { unwrap } from './decode/unwrap.ts';
import { foldGaps } from './fold-gaps.ts';
import { hubbleLine } from './hubble-file.ts';
import { lineJson } from './line-text.ts';
import { createRejections } from './rejections.ts';
import { importPlaces, type ImportPlaces } from './import-places.ts';
import { decodeLine, type LineDecoder } from './tailed-source.ts';
import { gunzipped, TornGzip } from './transport/gunzip.ts';
import { createLineSplitter, type LineSplitter } from './transport/line-splitter.ts';
import { findFile } from './transport/log-files.ts';

export type ImportOptions = {
  readonly path: string;
  readonly clock: Clock;
  /** Reporting node, for files that do not say. */
  readonly node?: string;
};

export type Import = {
  /**
   * Name under which the flows are stored: `import:` and the file's name without `.gz`. A second import of a
   * file, compressed or grown since, adds what is new; under another name the file is another source.
   */
  readonly origin: string;
  /**
   * Reads the file once, to its end or until the signal aborts. After a first batch, which is empty, batches may
   * repeat an earlier import.
   */
  readonly batches: (signal: AbortSignal) => AsyncIterable<FlowBatch>;
  /** Of the file as it lies on disk, compressed or not. */
  readonly bytesTotal: number;
  readonly bytesRead: () => number;
  /** What the lines were, most frequent first, joined by ` and `; empty before the first is read. */
  readonly format: () => string;
};

const LINE_LIMIT = 10 * 1024 * 1024;
const BATCH_LINES = 8192;
/** A file that says more than this many bytes for each of its own is a trap, not a log (S8). */
const MOST_EXPANSION = 200;
/** Below this no ratio is suspicious. */
const EXPANSION_FROM = 64 * 1024 * 1024;

/** Opens a file of flow records, plain or gzip. Throws `unsupported-file` or `not-found` where it cannot. */
export async function openImport({ path, clock, node = '' }: ImportOptions): Promise<Import> {
  const lookup = await findFile(path);
  if (!lookup.ok) throw new AppError('unsupported-file', lookup.reason);
  const compressed = await isGzip(path);
  const origin = `import:${basename(path).replace(/\.gz$/, '')}`;
  const counted = new Map<string, number>();
  let bytesRead = 0;
  return {
    origin,
    bytesTotal: lookup.file.size,
    bytesRead: () => bytesRead,
    format: () =>
      [...counted]
        .sort((one, other) => other[1] - one[1])
        .map(([format]) => format)
        .join(' and '),
    batches: async function* (signal) {
      const decode = anyFormat(origin, node, (format) =>
        counted.set(format, (counted.get(format) ?? 0) + 1),
      );
      const parts = readParts(path, compressed, (length) => {
        bytesRead += length;
      });
      // Tells nothing, and so cannot repeat: with it a store ends what an earlier import had begun, and compares
      // the batches that follow with all that it holds, also when one process imports a file twice.
      yield emptyBatch(origin);
      yield* importBatches({ origin, clock, decode, placeOf: importPlaces() }, parts, signal);
    },
  };
}

const emptyBatch = (origin: string): FlowBatch => ({
  origin,
  flows: [],
  gaps: [],
  rejected: [],
  checkpoint: undefined,
  mayRepeat: false,
});

/** What turns lines of one file into batches. */
type Importing = {
  readonly origin: string;
  readonly clock: Clock;
  readonly decode: LineDecoder;
  readonly placeOf: ImportPlaces;
};

async function* importBatches(
  importing: Importing,
  parts: AsyncIterable<Buffer>,
  signal: AbortSignal,
): AsyncGenerator<FlowBatch> {
  const splitter = createLineSplitter({ limit: LINE_LIMIT, offset: 0, before: Buffer.alloc(0) });
  let torn: string | undefined;
  try {
    for await (const part of parts) {
      if (signal.aborted) return;
      splitter.push(part);
      yield* splitBatches(importing, splitter);
    }
  } catch (error) {
    if (!(error instanceof TornGzip)) throw error;
    torn = error.message;
  }
  const last = splitter.takeRest();
  const rest = importBatch(importing, last === undefined ? [] : [last]);
  if (torn === undefined) {
    if (last !== undefined) yield rest;
    return;
  }
  // That the tear cut the last line as well is not a second thing to tell.
  const sample = rest.rejected[0]?.sample ?? '';
  yield { ...rest, rejected: [{ reason: torn, count: 1, sample }] };
}

function* splitBatches(importing: Importing, splitter: LineSplitter): Generator<FlowBatch> {
  for (;;) {
    const lines = splitter.take(BATCH_LINES);
    if (lines.length === 0) return;
    yield importBatch(importing, lines);
  }
}

function importBatch(
  { origin, clock, decode, placeOf }: Importing,
  lines: ReturnType<LineSplitter['take']>,
): FlowBatch {
  const receivedAt = nanos(clock.now());
  const rejections = createRejections();
  const flows: Flow[] = [];
  const gaps: Gap[] = [];
  for (const { bytes, oversized } of lines) {
    const place = placeOf(bytes);
    if (oversized) {
      rejections.add('line longer than 10 MiB', bytes);
      continue;
    }
    const { flow, gap } = decodeLine({ bytes, place, receivedAt, decode, rejections });
    if (flow !== undefined) flows.push(flow);
    if (gap !== undefined) gaps.push(gap);
  }
  const rejected = rejections.take();
  return { origin, flows, gaps: foldGaps(gaps), rejected, checkpoint: undefined, mayRepeat: true };
}

async function isGzip(path: string): Promise<boolean> {
  await using handle = await open(path, 'r').catch((cause: unknown) => {
    throw new AppError('unsupported-file', `${path} cannot be opened: ${String(cause)}`, { cause });
  });
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
  return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
}

/** Content of the file in parts; `onRead` hears of bytes as they are taken from disk. Throws `TornGzip` as well. */
async function* readParts(
  path: string,
  compressed: boolean,
  onRead: (length: number) => void,
): AsyncGenerator<Buffer> {
  const source = createReadStream(path, { highWaterMark: 1024 * 1024 });
  let taken = 0;
  source.on('data', (part) => {
    taken += part.length;
    onRead(part.length);
  });
  let given = 0;
  try {
    const content = compressed ? gunzipped(source) : (source as AsyncIterable<Buffer>);
    for await (const part of content) {
      given += part.length;
      if (given > EXPANSION_FROM && given > taken * MOST_EXPANSION) {
        throw new AppError('unsupported-file', `${path} expands more than ${MOST_EXPANSION} times`);
      }
      yield part;
    }
  } catch (cause) {
    if (cause instanceof AppError || cause instanceof TornGzip) throw cause;
    throw new AppError('unsupported-file', `${path} cannot be read to its end: ${String(cause)}`, {
      cause,
    });
  } finally {
    source.destroy();
  }
}

/** Tells the formats apart line by line, since collectors mix them in one file. */
function anyFormat(origin: string, node: string, onFormat: (format: string) => void): LineDecoder {
  const hubble = createHubbleDecoder({ origin });
  const calico = createCalicoDecoder({ origin, node });
  return (line) => {
    if (isOldCalico(line.text)) return { rejected: OLD_CALICO };
    const json = lineJson(line.text);
    if (!json.ok) return { rejected: json.reason };
    const isCalico = isObject(json.value) && looksLikeCalico(unwrap(json.value));
    const decoded = isCalico
      ? calicoLine(calico, json.value, line)
      : hubbleLine(hubble, json.value, line, node);
    if (decoded.flow !== undefined || decoded.gap !== undefined) {
      onFormat(isCalico ? 'Calico flow log' : 'Hubble JSON');
    }
    return decoded;
  };
}

const CALICO_KEYS = [
  'reporter',
  'action',
  'Key',
  'qname',
  'src_name_aggr',
  'start_time',
  'startTime',
];

function looksLikeCalico(record: LooseObject): boolean {
  if (isObject(record['flow'])) return 'Key' in record['flow'];
  return !('verdict' in record) && CALICO_KEYS.some((key) => key in record);
}
