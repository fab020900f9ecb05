import { join } from 'node:path';
import { setTimeout as rest } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { emptyLogStore, startLogReader, type LogStore } from '../../support/log-reader.ts';
import { createLogWorld, type LogWorld, type RotationStyle } from '../../support/log-world.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

/** `npm run test:model` sets the first; a failure prints what the second takes. */
const RUNS = Number(process.env['MODEL_RUNS'] ?? 40);
const SEED = process.env['MODEL_SEED'];

const ACTIONS = [
  'writePart',
  'rotate',
  'copyTruncate',
  'remove',
  'removeOldest',
  'hide',
  'lock',
] as const;

type Step =
  | {
      readonly kind: 'write';
      readonly log: number;
      readonly lines: number;
      readonly length: number;
    }
  | { readonly kind: 'compress'; readonly log: number; readonly half: boolean }
  | { readonly kind: (typeof ACTIONS)[number]; readonly log: number }
  | { readonly kind: 'pause' | 'crash' | 'caughtUp' }
  | { readonly kind: 'rest'; readonly ms: number };

type Run = {
  readonly steps: readonly Step[];
  readonly style: RotationStyle;
  /** One file by its path, or so many by a pattern. */
  readonly logs: number;
  readonly mostOpen: number;
};

const log = fc.nat(3);
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      log,
      lines: fc.integer({ min: 1, max: 30 }),
      length: fc.integer({ min: 0, max: 300 }),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constantFrom(...ACTIONS), log }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('compress' as const), log, half: fc.boolean() }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('pause', 'crash', 'caughtUp') }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('rest' as const),
      ms: fc.integer({ min: 0, max: 30 }),
    }),
  },
);

const anyRun: fc.Arbitrary<Run> = fc.record({
  steps: fc.array(anyStep, { maxLength: 30 }),
  style: fc.constantFrom('lumberjack', 'logrotate'),
  logs: fc.constantFrom(1, 3, 4),
  mostOpen: fc.integer({ min: 1, max: 4 }),
});

/** Stored are all lines that were written, but those whose loss is told by a gap; each once. */
function check(world: LogWorld, store: LogStore): void {
  expect(store.repeated).toEqual([]);
  const missing = world.written.filter((id) => !store.ids.has(id));
  const untold = missing.filter((id) => {
    const at = world.destroyed.get(id);
    return at === undefined || !store.gaps.some(({ from, to }) => from <= at && at <= to);
  });
  expect(untold).toEqual([]);
  if (world.destroyed.size === 0 && !world.anyUncertain()) expect(store.gaps).toEqual([]);
}

async function play({ steps, style, logs, mostOpen }: Run): Promise<void> {
  await using folder = await temporaryDirectory();
  const store = emptyLogStore();
  const isSeen = (id: string): boolean => store.ids.has(id);
  const world = createLogWorld(folder.path, { logs, style, isSeen });
  const options = { path: join(folder.path, logs === 1 ? 'a.log' : '*.log'), mostOpen };
  let reader = startLogReader(store, options);
  const is = { paused: false };
  const act = async (step: Step): Promise<void> => {
    switch (step.kind) {
      case 'write':
        return world.write(step.log, step.lines, step.length);
      case 'compress':
        return world.compress(step.log, step.half);
      case 'pause':
        is.paused = !is.paused;
        reader.pause();
        return;
      case 'crash':
        await reader.crash();
        reader = startLogReader(store, options);
        is.paused = false;
        return;
      case 'caughtUp':
        if (!is.paused) await rest(40);
        return;
      case 'rest':
        return rest(step.ms);
      default:
        return world[step.kind](step.log);
    }
  };
  try {
    await eventually(() => expect(store.checkpoint).toBeDefined());
    for (const step of steps) await act(step);
    if (is.paused) reader.pause();
    await world.finish();
    await eventually(
      () => {
        reader.check();
        check(world, store);
      },
      { timeoutMs: 20_000 },
    );
  } finally {
    await reader.crash();
  }
}

/** Root may read what nobody gave it the right to read. */
const NOBODY = 65_534;

test('what is stored of files that are written, rotated, cut, hidden and deleted is what was written, less what gaps tell', async () => {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(NOBODY);
  try {
    await fc.assert(fc.asyncProperty(anyRun, play), {
      numRuns: RUNS,
      endOnFailure: true,
      ...(SEED === undefined ? {} : { seed: Number(SEED) }),
    });
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}, 3_600_000);
