import type { Checkpoint } from '../../server/core/flow.ts';
import { systemClock } from '../../server/lib/clock.ts';
import type { SourceReport } from '../../server/sources/flow-source.ts';
import { hubbleFile } from '../../server/sources/hubble-file.ts';
import { startReading, type Reading } from './collect-batches.ts';

export type Followed = AsyncDisposable & {
  readonly reading: Reading;
  readonly reports: SourceReport[];
};

/** Follows the Hubble files at a path or a glob, looking for news every 10 ms. */
export function followFile(
  path: string,
  { after, mostOpen }: { readonly after?: Checkpoint | undefined; readonly mostOpen?: number } = {},
): Followed {
  const reports: SourceReport[] = [];
  const source = hubbleFile({
    name: 'file',
    path,
    node: 'node-1',
    clock: systemClock(),
    report: (report) => reports.push(report),
    pollMs: 10,
    ...(mostOpen === undefined ? {} : { mostOpen }),
  });
  const reading = startReading(source, after);
  return { reading, reports, [Symbol.asyncDispose]: reading.stop };
}

/** A flow whose number is its source port. `pad` makes its line longer. */
export const numberedLine = (n: number, pad = ''): string =>
  `${JSON.stringify({
    flow: {
      time: '2026-01-02T03:04:05Z',
      verdict: 'FORWARDED',
      l4: { TCP: { source_port: n } },
      Summary: pad,
    },
  })}\n`;

export const numberedLines = (from: number, to: number, pad = ''): string =>
  Array.from({ length: to - from }, (_, at) => numberedLine(from + at, pad)).join('');

/** From the first number up to, and without, the last. */
export const numbersBetween = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from }, (_, at) => from + at);
