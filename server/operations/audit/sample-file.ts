import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { AppError } from '../../core/errors.ts';
import type { SeenObject } from '../../core/inventory.ts';
import { manifestsIn } from '../../core/manifest.ts';
import { formatTime } from '../../core/time.ts';
import { seenObject } from '../../inventory/seen-object.ts';
import type { ConnectionRow } from '../../store/connections.ts';
import { foldEdges } from './fold-edges.ts';
import type { Recorded } from './recorded.ts';
import {
  connectionLine,
  rowOf,
  SAMPLE_FORMAT,
  SAMPLE_HEAD,
  SAMPLE_LINE,
  type SampleHead,
} from './sample-format.ts';
import { clusterOf } from '../why/weigh.ts';

/** What was recorded, with the objects that it is weighed with. */
export type Sample = { readonly recorded: Recorded; readonly objects: readonly SeenObject[] };

/** The lines of a sample, each with its end. Equal samples have equal bytes. */
export function* sampleLines({ recorded, objects }: Sample): Generator<string> {
  const { window, clusters, untold } = recorded;
  const head = {
    format: SAMPLE_FORMAT,
    window: { from: formatTime(window.from), to: formatTime(window.to) },
    clusters: clusters.map(({ cluster, dataplane }) => ({ cluster, dataplane })),
    untold,
  };
  yield `${JSON.stringify(head)}\n`;
  for (const { key, manifest } of objects)
    yield `${JSON.stringify({ cluster: key.cluster, object: manifest })}\n`;
  for (const { edges } of clusters)
    for (const { rows } of edges) for (const row of rows) yield `${connectionLine(row)}\n`;
}

const isGzip = (name: string): boolean => name.endsWith('.gz');

/** Whether a file says in its first line that it is a sample. Throws an AppError `unreadable-file`. */
export async function isSample(file: string): Promise<boolean> {
  // Of another version too: then it is refused as such, and not taken for flows.
  for await (const line of linesOf(file)) return line.startsWith('{"format":"dropwise-sample/');
  return false;
}

/** Reads a sample. Throws an AppError `unreadable-file`, or `bad-file` with the line that is wrong. */
export async function readSample(file: string): Promise<Sample> {
  let head: SampleHead | undefined;
  const objects: SeenObject[] = [];
  const rows: ConnectionRow[] = [];
  let at = 0;
  for await (const line of linesOf(file)) {
    at += 1;
    const where = `${file}:${at}`;
    const value = jsonOf(line, where);
    if (head === undefined) head = checked(SAMPLE_HEAD.safeParse(value), where);
    else {
      const read = checked(SAMPLE_LINE.safeParse(value), where);
      if ('connection' in read) rows.push(rowOf(read.connection));
      else objects.push(...objectsOf(read));
    }
  }
  if (head === undefined) throw new AppError('bad-file', `${file} is empty`);
  return { recorded: recordedOf(head, rows), objects };
}

function recordedOf(
  { window, clusters, untold }: SampleHead,
  rows: readonly ConnectionRow[],
): Recorded {
  const folded = clusters.map(({ cluster, dataplane }) => ({
    ...{ cluster, dataplane },
    ...foldEdges(rows.filter(({ flow }) => clusterOf(flow) === cluster)),
  }));
  return {
    window,
    clusters: folded,
    left: folded.reduce((sum, { left }) => sum + left, 0),
    untold,
  };
}

function objectsOf({ cluster, object }: { readonly cluster: string; readonly object: object }) {
  return manifestsIn(object).flatMap((found) => {
    const sighting = found.ok ? seenObject(found.manifest, cluster) : undefined;
    return sighting?.kind === 'seen' ? [sighting.object] : [];
  });
}

function jsonOf(line: string, where: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new AppError('bad-file', `${where}: no JSON`, { cause });
  }
}

type Read<T> =
  | { readonly success: true; readonly data: T }
  | {
      readonly success: false;
      readonly error: {
        readonly issues: readonly {
          readonly path: readonly PropertyKey[];
          readonly message: string;
        }[];
      };
    };

function checked<T>(read: Read<T>, where: string): T {
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const path = (issue?.path ?? []).map(String).join('.');
  throw new AppError('bad-file', `${where}: ${path}: ${issue?.message ?? 'cannot be read'}`);
}

async function* linesOf(file: string): AsyncGenerator<string> {
  try {
    const raw: Readable = createReadStream(file);
    const text = isGzip(file) ? raw.pipe(createGunzip()) : raw;
    if (text !== raw) raw.once('error', (error) => text.destroy(error));
    for await (const line of createInterface({ input: text, crlfDelay: Infinity })) yield line;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new AppError('unreadable-file', `${file}: ${why}`, { cause });
  }
}
