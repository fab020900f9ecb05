import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NANOS_PER_SECOND, nanos } from '../../server/core/time.ts';
import { importFile, type ImportedFile } from '../../server/operations/import-files.ts';
import type { FlowStore, OriginRecord } from '../../server/store/flow-store.ts';
import { openSqliteStore } from '../../server/store/sqlite/sqlite-store.ts';
import { handClock } from '../support/hand-clock.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { allBefore } from '../support/flow-stores.ts';

type Bench = AsyncDisposable & {
  readonly store: FlowStore;
  readonly clock: ReturnType<typeof handClock>;
  /** Writes a file and imports it. */
  readonly add: (
    name: string,
    content: string | Buffer,
    signal?: AbortSignal,
  ) => Promise<ImportedFile>;
  readonly stored: () => Promise<number>;
  readonly origins: () => Promise<readonly OriginRecord[]>;
};

async function openBench(): Promise<Bench> {
  const directory = await temporaryDirectory();
  const store = await openSqliteStore({ directory: `${directory.path}/data` });
  const clock = handClock('2026-03-04T05:06:07Z');
  return {
    store,
    clock,
    add: (name, content, signal = new AbortController().signal) => {
      const file = `${directory.path}/${name}`;
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content);
      return importFile(store, { file, clock, progress: () => undefined, signal });
    },
    stored: async () =>
      (await store.page({ where: undefined }, { limit: 100_000, order: 'oldest' })).flows.length,
    origins: () => store.origins(),
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}

const timed = (second: number): string =>
  JSON.stringify({
    flow: { time: `2026-01-02T03:04:${String(second % 60).padStart(2, '0')}Z`, verdict: 'DROPPED' },
    node_name: `node-${second}`,
  });
const TIMELESS = '{"flow":{"verdict":"FORWARDED"}}';
const JUNK = 'this line is no flow record, whatever one may take it for';

const linesOf = (...lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');
const someLines = (count: number): string =>
  linesOf(...Array.from({ length: count }, (_, at) => timed(at)));

const rejectedOf = (origins: readonly OriginRecord[]): number =>
  origins.flatMap(({ rejected }) => rejected).reduce((sum, { count }) => sum + count, 0);

describe('a capture that is imported again', () => {
  const CAPTURE = linesOf(timed(1), JUNK, TIMELESS, TIMELESS, timed(2));

  test('moved, renamed or compressed, hours later, adds nothing and counts no rejection again', async () => {
    await using bench = await openBench();
    const first = await bench.add('node-a/flows.log', CAPTURE);
    expect(first).toMatchObject({
      outcome: 'imported',
      flows: 4,
      source: 'import:node-a/flows.log',
    });
    expect(first.rejected).toMatchObject([{ reason: 'not JSON', count: 1 }]);
    bench.clock.advance(7_200);
    for (const [name, content] of [
      ['node-a/flows.log', CAPTURE],
      ['elsewhere/flows.log', CAPTURE],
      ['elsewhere/other.json', CAPTURE],
      ['packed.gz', gzipSync(CAPTURE)],
    ] as const) {
      expect(await bench.add(name, content)).toMatchObject({
        ...{ outcome: 'known', flows: 0, repeated: 4, rejected: [] },
        ...{ source: first.source, format: 'Hubble JSON' },
      });
    }
    expect(await bench.stored()).toBe(4);
    const origins = await bench.origins();
    expect(origins).toMatchObject([{ origin: first.source, flows: 4 }]);
    expect(rejectedOf(origins)).toBe(1);
  });

  test('and has grown adds what is new, and counts only new rejections', async () => {
    await using bench = await openBench();
    await bench.add('flows.log', CAPTURE);
    bench.clock.advance(7_200);
    const grown = CAPTURE + linesOf(JUNK, TIMELESS, timed(1));
    expect(await bench.add('copy/grown.log', grown)).toMatchObject({ flows: 2, repeated: 4 });
    expect(await bench.stored()).toBe(6);
    expect(rejectedOf(await bench.origins())).toBe(2);
  });

  test('and is an older, shorter copy adds nothing, and is still known in full afterwards', async () => {
    await using bench = await openBench();
    await bench.add('flows.log', CAPTURE + someLines(20));
    bench.clock.advance(7_200);
    expect(await bench.add('old.log', CAPTURE)).toMatchObject({ outcome: 'known', repeated: 4 });
    expect(await bench.add('flows.log', CAPTURE + someLines(20))).toMatchObject({ repeated: 24 });
    expect(await bench.stored()).toBe(24);
    expect(rejectedOf(await bench.origins())).toBe(1);
  });

  test('was cut in the middle of a line then gives that line its flow now', async () => {
    await using bench = await openBench();
    const whole = someLines(3);
    expect(await bench.add('flows.log', whole.slice(0, -20))).toMatchObject({ flows: 2 });
    expect(await bench.add('flows.log', whole)).toMatchObject({ flows: 1, repeated: 2 });
    expect(await bench.add('flows.log', `${whole}\n`)).toMatchObject({ flows: 0, repeated: 3 });
  });

  test('had no newline at its end then does not tell its last line twice', async () => {
    await using bench = await openBench();
    expect(await bench.add('flows.log', someLines(2).trimEnd())).toMatchObject({ flows: 2 });
    expect(await bench.add('flows.log', someLines(3))).toMatchObject({ flows: 1, repeated: 2 });
    expect(await bench.stored()).toBe(3);
  });

  test('as torn as before counts the tear once, and when whole adds the rest (fault 49)', async () => {
    await using bench = await openBench();
    const whole = gzipSync(someLines(50));
    const torn = whole.subarray(0, whole.length / 2);
    const { flows } = await bench.add('flows.log.gz', torn);
    expect(flows).toBeGreaterThan(0);
    expect(await bench.add('flows.log.gz', torn)).toMatchObject({ outcome: 'known', rejected: [] });
    expect(await bench.add('flows.log.gz', whole)).toMatchObject({ repeated: flows });
    expect(await bench.stored()).toBe(50);
    expect(rejectedOf(await bench.origins())).toBe(1);
  });

  test('after retention deleted it is there again, without its rejections a second time', async () => {
    await using bench = await openBench();
    await bench.add('flows.log', CAPTURE);
    bench.clock.advance(7_200);
    await bench.add('flows.log', CAPTURE + linesOf(TIMELESS));
    expect(await bench.store.prune(allBefore(nanos(bench.clock.now() - 1n)))).toBe(4);
    bench.clock.advance(7_200);
    expect(await bench.add('flows.log', CAPTURE + linesOf(TIMELESS))).toMatchObject({
      ...{ outcome: 'imported', flows: 4, repeated: 1 },
    });
    expect(await bench.stored()).toBe(5);
    expect(rejectedOf(await bench.origins())).toBe(1);
  });

  test('of which no record has a time is known again hours later, in part or in full', async () => {
    await using bench = await openBench();
    const masked = (count: number): string => TIMELESS.concat('\n').repeat(count);
    await bench.add('flows.log', masked(3));
    bench.clock.advance(7_200);
    await bench.add('flows.log', masked(5));
    bench.clock.advance(7_200);
    expect(await bench.add('short.log', masked(4))).toMatchObject({ flows: 0, repeated: 4 });
    expect(
      await bench.store.prune(allBefore(nanos(bench.clock.now() - 3_600n * NANOS_PER_SECOND * 3n))),
    ).toBe(3);
    expect(await bench.add('flows.log', masked(5))).toMatchObject({ flows: 3, repeated: 2 });
    expect(await bench.stored()).toBe(5);
  });

  test('after it was interrupted goes on where it stopped (fault 54)', async () => {
    await using bench = await openBench();
    const whole = someLines(30_000);
    let asked = 0;
    const signal = new AbortController().signal;
    Object.defineProperty(signal, 'aborted', { get: () => (asked += 1) > 1 });
    const { flows } = await bench.add('flows.log', whole, signal);
    expect(flows).toBeGreaterThan(0);
    expect(flows).toBeLessThan(30_000);
    expect(await bench.add('flows.log', whole)).toMatchObject({
      ...{ outcome: 'imported', flows: 30_000 - flows, repeated: flows },
    });
    expect(await bench.stored()).toBe(30_000);
  });
});

test('files of one name are sources of their own, told apart by folder, else by number', async () => {
  await using bench = await openBench();
  await bench.add('node-a/flows.log', someLines(2));
  await bench.add('node-b/flows.log', linesOf(timed(7)));
  await bench.add('east/node-b/flows.log', linesOf(timed(8)));
  const names = (await bench.origins()).map(({ origin, flows }) => [origin, flows]);
  expect(names).toEqual([
    ['import:node-a/flows.log', 2],
    ['import:node-b/flows.log', 1],
    ['import:node-b/flows.log@2', 1],
  ]);
  expect(await bench.add('any/where', linesOf(timed(8)))).toMatchObject({
    source: 'import:node-b/flows.log@2',
    outcome: 'known',
  });
});

test('files that begin alike and then differ are two', async () => {
  await using bench = await openBench();
  await bench.add('one.log', linesOf(TIMELESS, timed(1), timed(2)));
  const other = await bench.add('other.log', linesOf(TIMELESS, timed(1), timed(3), timed(4)));
  expect(other).toMatchObject({ flows: 4, repeated: 0 });
  expect(basename(other.source)).toBe('other.log');
});

test.each([
  ['without a flow', linesOf(JUNK, '{}'), 'no-flows', 2],
  ['without a byte', '', 'empty', 0],
  ['of empty lines', '\n\n', 'empty', 0],
])('a file %s leaves nothing in the store', async (_, content, outcome, rejected) => {
  await using bench = await openBench();
  const report = await bench.add('notes.txt', content);
  expect(report).toMatchObject({ outcome, flows: 0 });
  expect(report.rejected.reduce((sum, { count }) => sum + count, 0)).toBe(rejected);
  expect(await bench.origins()).toEqual([]);
});

test('a file that is imported at any moments while it grows gives each flow once', async () => {
  const line = fc.constantFrom(timed(1), timed(2), TIMELESS, JUNK, '');
  await fc.assert(
    fc.asyncProperty(
      fc.array(line, { minLength: 1, maxLength: 12 }),
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 4 }),
      async (lines, moments) => {
        await using bench = await openBench();
        const whole = linesOf(...lines);
        for (const moment of moments.toSorted((one, other) => one - other)) {
          await bench.add('flows.log', whole.slice(0, moment * whole.length));
          bench.clock.advance(7_200);
        }
        await bench.add('flows.log', whole);
        expect(await bench.stored()).toBe(lines.filter((text) => text.startsWith('{')).length);
      },
    ),
    { numRuns: 60 },
  );
});
