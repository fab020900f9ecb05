import { appendFile, copyFile, rename, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Checkpoint } from '../../../server/core/flow.ts';
import { systemClock } from '../../../server/lib/clock.ts';
import { tailLines } from '../../../server/sources/transport/tail-lines.ts';
import { eventually } from '../../support/eventually.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

type Step =
  | { readonly kind: 'write'; readonly lines: number; readonly length: number }
  | { readonly kind: 'rotate' }
  | { readonly kind: 'copytruncate' }
  | { readonly kind: 'restart' };

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      lines: fc.integer({ min: 1, max: 40 }),
      length: fc.integer({ min: 0, max: 300 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'rotate' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'copytruncate' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'restart' as const }) },
);

type Follower = {
  readonly checkpoint: () => Checkpoint | undefined;
  /** Times that it told of lost content. */
  readonly lost: () => number;
  readonly stop: () => Promise<void>;
};

/** A reader that keeps what it read and where it was. */
function startTail(path: string, after: Checkpoint | undefined, read: string[]): Follower {
  const controller = new AbortController();
  let checkpoint = after;
  let lost = 0;
  const run = async (): Promise<void> => {
    const options = {
      path,
      lineLimit: 1024,
      now: () => systemClock().now(),
      pollMs: 2,
      onState: () => undefined,
    };
    for await (const tailed of tailLines(options, after, controller.signal)) {
      read.push(...tailed.lines.map(({ bytes }) => bytes.toString('latin1').split(' ')[0] ?? ''));
      checkpoint = tailed.checkpoint;
      if (tailed.lostSince !== undefined) lost += 1;
    }
  };
  const ended = run();
  return {
    checkpoint: () => checkpoint,
    lost: () => lost,
    stop: async () => {
      controller.abort();
      await ended;
    },
  };
}

/** Applies the steps to a real file while a reader follows it; answers what was written and what was read. */
async function play(steps: readonly Step[]): Promise<void> {
  await using folder = await temporaryDirectory();
  const path = join(folder.path, 'flows.log');
  const [written, read]: [string[], string[]] = [[], []];
  let rotations = 0;
  const append = async (lines: number, length: number): Promise<void> => {
    const ids = Array.from({ length: lines }, (_, at) => String(written.length + at));
    written.push(...ids);
    await appendFile(path, ids.map((id) => `${id} ${'x'.repeat(length)}\n`).join(''));
  };
  await writeFile(path, '');
  await append(3, 10);
  let tail = startTail(path, undefined, read);
  const caughtUp = (): Promise<void> => eventually(() => expect(read).toEqual(written));
  await caughtUp();
  for (const step of steps) {
    if (step.kind === 'write') await append(step.lines, step.length);
    else if (step.kind === 'restart') {
      await tail.stop();
      expect(tail.lost()).toBe(0);
      tail = startTail(path, tail.checkpoint(), read);
    } else if (step.kind === 'rotate') {
      await rename(path, join(folder.path, `flows-${String(rotations++).padStart(4, '0')}.log`));
      await writeFile(path, '');
    } else {
      // Truncation forgets what no copy has, and a second one overtakes a reader that has not seen the first.
      await caughtUp();
      await copyFile(path, join(folder.path, `flows-${String(rotations++).padStart(4, '0')}.log`));
      await truncate(path, 0);
      await append(2, 10);
      await caughtUp();
    }
  }
  await append(1, 5);
  await caughtUp();
  await tail.stop();
  expect(tail.lost()).toBe(0);
}

test('any run of writes, rotations, truncations and restarts is read once, whole and in order', async () => {
  await fc.assert(fc.asyncProperty(fc.array(anyStep, { maxLength: 25 }), play), {
    numRuns: 40,
    endOnFailure: true,
  });
}, 120_000);
