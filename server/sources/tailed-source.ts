import { AppError } from '../core/errors.ts';
import type { Checkpoint, Flow, FlowBatch, Gap } from '../core/flow.ts';
import { nanos, type EpochNanos } from '../core/time.ts';
import type { Clock } from '../lib/clock.ts';
import type { RecordPlace } from './decode/flow-id.ts';
import type { FlowSource, ReportSource, SourceReport } from './flow-source.ts';
import { foldGaps } from './fold-gaps.ts';
import type { DecodedLine, LineDecoder } from './line-decoder.ts';
import { anyFormat } from './line-format.ts';
import { lineText } from './line-text.ts';
import { createRejections, type Rejections } from './rejections.ts';
import { isPattern } from './transport/tail-discovery.ts';
import { tailFiles, type TailedBatch } from './transport/tail-files.ts';
import type { Rotation } from './transport/tail-rotation.ts';
import type { TailState } from './transport/tail-state.ts';
import { createUnknownLines, type UnknownLines } from './unknown-lines.ts';

export type FileSourceOptions = {
  readonly name: string;
  /** A path, or a pattern: then all files that match are read, those that come later too. */
  readonly path: string;
  /** Reporting node, for files that do not say; empty when that is not known either. */
  readonly node: string;
  readonly clock: Clock;
  readonly report: ReportSource;
  /** Time between looks at the file; 200 ms unless told. */
  readonly pollMs?: number;
  /** Files that are open at once; 64 unless told. */
  readonly mostOpen?: number;
};

/** What the kinds differ in; what a line is, its content tells. */
export type FileKind = {
  readonly kind: 'hubble-file' | 'calico-file';
  /** Longest line in bytes. */
  readonly lineLimit: number;
  /** How its writer rotates unless it is told otherwise. */
  readonly rotation: Rotation;
};

/** A source that follows one or many files of lines. */
export function tailedSource(options: FileSourceOptions, kind: FileKind): FlowSource {
  const { name, path, node, clock, report } = options;
  return {
    name,
    kind: kind.kind,
    target: path,
    async *read(after: Checkpoint | undefined, signal: AbortSignal) {
      report({ state: 'connecting', detail: `opening ${path}` });
      const unknown = createUnknownLines();
      const reading: Reading = { options, kind, unknown, decode: anyFormat(name, node) };
      const batches = tailFiles(
        {
          ...options,
          ...kind,
          now: () => clock.now(),
          onState: (state) => report(reportOf(path, state, unknown.told())),
        },
        after,
        signal,
      );
      try {
        for await (const batch of batches) yield batchOf(reading, batch);
      } catch (cause) {
        if (cause instanceof AppError) throw cause;
        throw new AppError('source-failed', `${path} cannot be read: ${String(cause)}`, { cause });
      }
    },
  };
}

/** One sentence for each thing that is not as it should be. */
function reportOf(path: string, state: TailState, unknown: string | undefined): SourceReport {
  const { files, waiting, waitingFor, bytesBehind } = state;
  const behind = {
    bytesBehind,
    ...(state.rotationLossMs === undefined ? {} : { rotationLossMs: state.rotationLossMs }),
  };
  const details: string[] = [];
  if (!isPattern(path)) details.push(...waitingFor.map((reason) => `${reason}; waiting for it`));
  else if (files === 0) details.push(`no file matches ${path}; waiting for one`);
  else {
    details.push(files === 1 ? 'following 1 file' : `following ${files} files`);
    if (waiting > 0) details.push(`${waiting} not to be read: ${waitingFor.join(', ')}`);
  }
  if (state.ignored > 0) details.push(`${state.ignored} ignored: ${state.ignoredFor.join(', ')}`);
  if (unknown !== undefined) details.push(unknown);
  const isReading = waiting < files;
  return { state: isReading ? 'reading' : 'waiting', detail: details.join('; '), ...behind };
}

type Reading = {
  readonly options: FileSourceOptions;
  readonly kind: FileKind;
  readonly decode: LineDecoder;
  readonly unknown: UnknownLines;
};

function batchOf({ options, kind, decode, unknown }: Reading, batch: TailedBatch): FlowBatch {
  const { name, clock } = options;
  const receivedAt = nanos(clock.now());
  const rejections = createRejections();
  const flows: Flow[] = [];
  const gaps: Gap[] = [];
  for (const { lines, path, file, lostSince } of batch.parts) {
    if (lostSince !== undefined) gaps.push(lostGap(name, lostSince, receivedAt));
    for (const { bytes, offset, oversized } of lines) {
      if (oversized) {
        rejections.add(`line longer than ${kind.lineLimit / (1024 * 1024)} MiB`, bytes);
        continue;
      }
      const place = { file, offset, always: false };
      const decoded = decodeLine({ bytes, place, receivedAt, decode, rejections });
      unknown.note(decoded, { path, offset, bytes });
      if (decoded.flow !== undefined) flows.push(decoded.flow);
      if (decoded.gap !== undefined) gaps.push(decoded.gap);
    }
  }
  return {
    origin: name,
    flows,
    gaps: foldGaps(gaps),
    rejected: rejections.take(),
    checkpoint: batch.checkpoint,
    mayRepeat: batch.parts.some(({ mayRepeat }) => mayRepeat),
  };
}

/** Cleans and decodes one line, and counts it where it is no flow. Empty lines are nobody's loss. */
export function decodeLine(line: {
  readonly bytes: Uint8Array;
  readonly place: RecordPlace;
  readonly receivedAt: EpochNanos;
  readonly decode: LineDecoder;
  readonly rejections: Rejections;
}): DecodedLine {
  const clean = lineText(line.bytes);
  if (!clean.ok) {
    line.rejections.add(clean.reason, line.bytes);
    return { rejected: clean.reason };
  }
  if (clean.text === '') return {};
  const { place, receivedAt } = line;
  const decoded = line.decode({ text: clean.text, bytes: clean.bytes, place, receivedAt });
  if (decoded.rejected !== undefined) line.rejections.add(decoded.rejected, clean.bytes);
  return decoded;
}

function lostGap(origin: string, from: bigint, to: EpochNanos): Gap {
  return {
    kind: 'unwatched',
    origin,
    node: '',
    from: nanos(from < to ? from : to),
    to,
    count: undefined,
    reason: 'rotated before read',
  };
}
