import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { AppError } from '../core/errors.ts';
import { nanos } from '../core/time.ts';
import { systemClock } from '../lib/clock.ts';
import { withPseudonyms } from '../operations/audit/pseudonyms.ts';
import { readRecorded } from '../operations/audit/recorded.ts';
import { sampleLines, type Sample } from '../operations/audit/sample-file.ts';
import { readInventory } from '../operations/read-inventory.ts';
import type { Span } from '../operations/read-span.ts';
import { wholeSpan } from '../operations/whole-span.ts';
import { readObjects } from '../store/control/read-objects.ts';
import type { FlowQuery, FlowReader } from '../store/flow-store.ts';
import { writeOut } from './print.ts';

export type SampleOptions = {
  readonly file: string;
  /** Data directory, for the objects that flows are weighed with. */
  readonly directory: string;
  readonly where: FlowQuery['where'];
  readonly span: Span;
  readonly pseudonyms: boolean;
};

/** Writes the distinct connections of a time, and the objects that they are weighed with, into a file. */
export async function writeSample(
  reader: FlowReader,
  { file, directory, where, span, pseudonyms }: SampleOptions,
): Promise<void> {
  const whole = await wholeSpan(reader);
  const within = { from: span.from ?? whole.from, to: span.to ?? whole.to };
  const recorded = await readRecorded(reader, { within, where, dataplane: undefined });
  using stored = readObjects(directory);
  const inventory = await readInventory(stored, nanos(systemClock().now()));
  const clusters = new Set(['', ...recorded.clusters.map(({ cluster }) => cluster)]);
  const objects = inventory.current().objects.filter(({ key }) => clusters.has(key.cluster));
  const sample: Sample = { recorded, objects };
  const written = pseudonyms ? withPseudonyms(sample) : sample;
  await writeLines(file, sampleLines(written));
  const edges = recorded.clusters.reduce((sum, cluster) => sum + cluster.edges.length, 0);
  const left = recorded.untold === 0 ? '' : `; ${recorded.untold} events found no room`;
  await writeOut(`${file}: ${edges} edges, ${objects.length} objects${left}\n`);
}

/** Beside its place first: a file that is there is whole. */
async function writeLines(file: string, lines: Iterable<string>): Promise<void> {
  const partial = `${file}.partial`;
  try {
    const out = createWriteStream(partial);
    const from = Readable.from(lines);
    await (file.endsWith('.gz') ? pipeline(from, createGzip(), out) : pipeline(from, out));
    await rename(partial, file);
  } catch (cause) {
    await rm(partial, { force: true });
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new AppError('unreadable-file', `${file} cannot be written: ${why}`, { cause });
  }
}
