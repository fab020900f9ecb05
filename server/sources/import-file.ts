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
import { foldGaps } from './fold-gaps.ts';
import { hubbleLine } from './hubble-file.ts';
import { lineJson } from './line-text.ts';
import { createRejections } from './rejections.ts';
import { decodeLine, type LineDecoder } from './tailed-source.ts';
import { digest, HEAD_LENGTH } from './transport/file-mark.ts';
import { findFile, gunzipped } from './transport/log-files.ts';
import { createLineSplitter, type LineSplitter } from './transport/line-splitter.ts';

export type ImportOptions = {
  readonly path: string;
  readonly clock: Clock;
  /** Reporting node, for files that do not say. */
  readonly node?: string;
};

export type Import = {
  /** Name under which the flows are stored: `import:` and the file's name. */
  readonly origin: string;
  /** Reads the file once, to its end or until the signal aborts. Batches may repeat an earlier import. */
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
  const origin = `import:${basename(path)}`;
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
      yield* importBatches({ origin, clock, decode, parts, path, signal });
    },
  };
}

async function* importBatches(parts: {
  readonly origin: string;
  readonly clock: Clock;
  readonly decode: LineDecoder;
  readonly parts: AsyncIterable<Buffer>;
  readonly path: string;
  readonly signal: AbortSignal;
}): AsyncGenerator<FlowBatch> {
  const splitter = createLineSplitter({ limit: LINE_LIMIT, offset: 0, before: Buffer.alloc(0) });
  let head: Buffer = Buffer.alloc(0);
  let file: string | undefined;
  for await (const part of parts.parts) {
    if (parts.signal.aborted) return;
    splitter.push(part);
    if (file === undefined) {
      head = Buffer.concat([head, part]).subarray(0, HEAD_LENGTH);
      if (head.length < HEAD_LENGTH) continue;
      file = digest(head);
    }
    yield* splitBatches(parts, splitter, file);
  }
  file ??= digest(head);
  yield* splitBatches(parts, splitter, file);
  const last = splitter.takeRest();
  if (last !== undefined) yield importBatch(parts, [last], file);
}

function* splitBatches(
  parts: Parameters<typeof importBatch>[0],
  splitter: LineSplitter,
  file: string,
): Generator<FlowBatch> {
  for (;;) {
    const lines = splitter.take(BATCH_LINES);
    if (lines.length === 0) return;
    yield importBatch(parts, lines, file);
  }
}

/** Ids come from content and offset: equal records are kept apart, and a second import finds them again. */
function importBatch(
  parts: { readonly origin: string; readonly clock: Clock; readonly decode: LineDecoder },
  lines: ReturnType<LineSplitter['take']>,
  file: string,
): FlowBatch {
  const { origin, decode } = parts;
  const receivedAt = nanos(parts.clock.now());
  const rejections = createRejections();
  const flows: Flow[] = [];
  const gaps: Gap[] = [];
  for (const { bytes, offset, oversized } of lines) {
    if (oversized) {
      rejections.add('line longer than 10 MiB', bytes);
      continue;
    }
    const place = { file, offset, always: true };
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

/** Content of the file in parts; `onRead` hears of bytes as they are taken from disk. */
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
    for await (const part of (compressed ? gunzipped(source) : source) as AsyncIterable<Buffer>) {
      given += part.length;
      if (given > EXPANSION_FROM && given > taken * MOST_EXPANSION) {
        throw new AppError('unsupported-file', `${path} expands more than ${MOST_EXPANSION} times`);
      }
      yield part;
    }
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
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
    const isCalico = isObject(json.value) && looksLikeCalico(json.value);
    const decoded = isCalico
      ? calicoLine(calico, json.value, line)
      : hubbleLine(hubble, json.value, line, node);
    if (decoded.flow !== undefined || decoded.gap !== undefined) {
      onFormat(isCalico ? 'Calico flow log' : 'Hubble JSON');
    }
    return decoded;
  };
}

const CALICO_KEYS = ['reporter', 'Key', 'qname', 'src_name_aggr', 'start_time', 'startTime'];

function looksLikeCalico(record: LooseObject): boolean {
  if (isObject(record['flow'])) return 'Key' in record['flow'];
  return !('verdict' in record) && CALICO_KEYS.some((key) => key in record);
}
