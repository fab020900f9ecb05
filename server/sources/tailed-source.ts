import { AppError } from '../core/errors.ts';
import type { Checkpoint, Flow, FlowBatch, Gap } from '../core/flow.ts';
import { nanos, type EpochNanos } from '../core/time.ts';
import type { Clock } from '../lib/clock.ts';
import type { RecordPlace } from './decode/flow-id.ts';
import type { FlowSource, ReportSource } from './flow-source.ts';
import { foldGaps } from './fold-gaps.ts';
import { lineText } from './line-text.ts';
import { createRejections, type Rejections } from './rejections.ts';
import { tailLines } from './transport/tail-lines.ts';
import type { TailedLines } from './transport/tail-reading.ts';

export type FileSourceOptions = {
  readonly name: string;
  readonly path: string;
  /** Reporting node, for files that do not say; empty when that is not known either. */
  readonly node: string;
  readonly clock: Clock;
  readonly report: ReportSource;
  /** Time between looks at the file; 200 ms unless told. */
  readonly pollMs?: number;
};

/** What a line turned out to be. */
export type DecodedLine = { readonly flow?: Flow; readonly gap?: Gap; readonly rejected?: string };

export type LineDecoder = (line: {
  readonly text: string;
  readonly bytes: Uint8Array;
  readonly place: RecordPlace;
  readonly receivedAt: EpochNanos;
}) => DecodedLine;

/** A source that follows a file of lines; the kinds differ in how a line is decoded and how long it may be. */
export function tailedSource(
  options: FileSourceOptions,
  kind: 'hubble-file' | 'calico-file',
  format: { readonly lineLimit: number; readonly createDecoder: () => LineDecoder },
): FlowSource {
  const { name, path, clock } = options;
  return {
    name,
    kind,
    target: path,
    async *read(after: Checkpoint | undefined, signal: AbortSignal) {
      options.report({ state: 'connecting', detail: `opening ${path}` });
      const decode = format.createDecoder();
      const tail = tailLines(
        {
          path,
          lineLimit: format.lineLimit,
          now: () => clock.now(),
          onState: (waitingFor, bytesBehind) => tell(options, waitingFor, bytesBehind),
          ...(options.pollMs === undefined ? {} : { pollMs: options.pollMs }),
        },
        after,
        signal,
      );
      try {
        for await (const tailed of tail) yield batchOf(options, format.lineLimit, tailed, decode);
      } catch (cause) {
        if (cause instanceof AppError) throw cause;
        throw new AppError('source-failed', `${path} cannot be read: ${String(cause)}`, { cause });
      }
    },
  };
}

function tell(
  { report }: FileSourceOptions,
  waitingFor: string | undefined,
  bytesBehind: number,
): void {
  if (waitingFor === undefined) report({ state: 'reading', bytesBehind });
  else report({ state: 'waiting', detail: `${waitingFor}; waiting for it`, bytesBehind });
}

function batchOf(
  { name, clock }: FileSourceOptions,
  lineLimit: number,
  tailed: TailedLines,
  decode: LineDecoder,
): FlowBatch {
  const receivedAt = nanos(clock.now());
  const rejections = createRejections();
  const flows: Flow[] = [];
  const gaps: Gap[] = [];
  if (tailed.lostSince !== undefined) gaps.push(lostGap(name, tailed.lostSince, receivedAt));
  for (const { bytes, offset, oversized } of tailed.lines) {
    if (oversized) {
      rejections.add(`line longer than ${lineLimit / (1024 * 1024)} MiB`, bytes);
      continue;
    }
    const place = { file: tailed.file, offset, always: false };
    const { flow, gap } = decodeLine({ bytes, place, receivedAt, decode, rejections });
    if (flow !== undefined) flows.push(flow);
    if (gap !== undefined) gaps.push(gap);
  }
  return {
    origin: name,
    flows,
    gaps: foldGaps(gaps),
    rejected: rejections.take(),
    checkpoint: tailed.checkpoint,
    mayRepeat: tailed.mayRepeat,
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
    return {};
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
