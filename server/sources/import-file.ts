import { resolve } from 'node:path';
import { AppError } from '../core/errors.ts';
import type { Checkpoint, FlowBatch } from '../core/flow.ts';
import { nanos } from '../core/time.ts';
import type { Clock } from '../lib/clock.ts';
import { importBatches } from './import-batches.ts';
import { isGzip, readParts } from './import-content.ts';
import { anyFormat } from './line-format.ts';
import { recognizeImport, type RecognizedImport } from './import-known.ts';
import { parseImportMark } from './import-mark.ts';
import { importName } from './import-name.ts';
import type { LineDecoder } from './line-decoder.ts';
import { findFile } from './transport/log-files.ts';

export type ImportOptions = {
  readonly path: string;
  readonly clock: Clock;
  /** What was imported before, so that a file is known again. */
  readonly stored: readonly StoredImport[];
  /** Reporting node, for files that do not say. */
  readonly node?: string;
};

export type StoredImport = {
  readonly origin: string;
  readonly checkpoint: Checkpoint | undefined;
};

export type Import = {
  /**
   * Name under which the flows are stored, `import:folder/file`. A file is known by its content: moved, renamed,
   * compressed, grown or cut short it keeps the name of its first import.
   */
  readonly origin: string;
  /** What an earlier import of this content told; `undefined` when there was none. */
  readonly earlier: EarlierImport | undefined;
  /**
   * Reads the file once, to its end or until the signal aborts. What an earlier import told is left out, unless
   * `retell` is set, as where a store has deleted some of it; rejections are never told again.
   */
  readonly batches: (
    signal: AbortSignal,
    options?: { readonly retell?: boolean },
  ) => AsyncIterable<FlowBatch>;
  /** Of the file as it lies on disk, compressed or not. */
  readonly bytesTotal: number;
  readonly bytesRead: () => number;
  /** Flows that were left out. */
  readonly leftOut: () => number;
  /** What the lines were, most frequent first, joined by ` and `; empty before the first is read. */
  readonly format: () => string;
};

export type EarlierImport = {
  readonly flows: number;
  readonly format: string;
  /** The file holds nothing that was not imported then. */
  readonly complete: boolean;
};

/** Opens a file of flow records, plain or gzip. Throws `unreadable-file` where it cannot. */
export async function openImport(options: ImportOptions): Promise<Import> {
  const { stored, clock, node = '' } = options;
  const path = resolve(options.path);
  const lookup = await findFile(path);
  if (!lookup.ok) {
    throw new AppError(
      'unreadable-file',
      `${lookup.reason}; give the path of a flow-log file, plain or .gz`,
    );
  }
  const compressed = await isGzip(path);
  const recognized = await recognizeImport(readParts(path, compressed), knownOf(stored));
  const origin =
    recognized?.origin ?? importName(path, new Set(stored.map((known) => known.origin)));
  const counted = new Map<string, number>();
  const format = (): string =>
    [...counted]
      .sort((one, other) => other[1] - one[1])
      .map(([name]) => name)
      .join(' and ');
  let bytesRead = 0;
  let leftOut = 0;
  return {
    origin,
    earlier: recognized === undefined ? undefined : earlierOf(recognized),
    bytesTotal: lookup.file.size,
    bytesRead: () => bytesRead,
    leftOut: () => leftOut,
    format,
    batches: (signal, { retell = false } = {}) =>
      importBatches(
        {
          origin,
          now: () => nanos(clock.now()),
          decode: counting(anyFormat(origin, node), counted),
          format,
          recognized,
          // The end of a shorter copy was never compared.
          retell: retell || recognized?.extent === 'shorter',
          onLeftOut: () => (leftOut += 1),
        },
        readParts(path, compressed, (length) => {
          bytesRead += length;
        }),
        signal,
      ),
  };
}

const counting =
  (decode: LineDecoder, counted: Map<string, number>): LineDecoder =>
  (line) => {
    const decoded = decode(line);
    const { format } = decoded;
    if (format !== undefined) counted.set(format, (counted.get(format) ?? 0) + 1);
    return decoded;
  };

const knownOf = (stored: readonly StoredImport[]) =>
  stored.flatMap(({ origin, checkpoint }) => {
    const mark = checkpoint === undefined ? undefined : parseImportMark(checkpoint);
    return mark === undefined ? [] : [{ origin, mark }];
  });

const earlierOf = ({ mark, extent }: RecognizedImport): EarlierImport => ({
  flows: mark.flows,
  format: mark.format,
  complete: extent === 'same' && mark.ended,
});
