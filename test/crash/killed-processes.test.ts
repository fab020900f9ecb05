import { expect, test } from 'vitest';
import { killProcesses } from './killed-runs.ts';
import { PATIENCE_MS, PROCESS_SEEDS } from './seeds.ts';

/** A process starts slowly and then waits for the disk. */
const AT_ONCE = 2;

test(
  'after kill -9 at any time, what is stored is what was read up to the checkpoint, and the rest follows once (faults 40, 41)',
  async () => {
    const waiting = [...PROCESS_SEEDS];
    const work = async (): Promise<void> => {
      for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) {
        expect((await killProcesses(seed)).faults).toEqual([]);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  },
  PATIENCE_MS,
);
