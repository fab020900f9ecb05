import { expect, test } from 'vitest';
import { PLACES } from './aims.ts';
import type { KillPoint } from './kill-points.ts';
import { killByCopy } from './killed-runs.ts';
import { COPY_SEEDS, PATIENCE_MS } from './seeds.ts';

test(
  'a kill between any two statements of a commit, a merge, a seal, a deletion or a step of filling the drops set leaves whole transactions and a chain that verifies, and the run goes on to its end (faults 40, 41)',
  async () => {
    const points: KillPoint[] = [];
    // One after the other: the watch over kill points sees every connection of this process.
    for (const seed of COPY_SEEDS) {
      const run = await killByCopy(seed);
      expect(run.faults).toEqual([]);
      points.push(...run.points);
    }
    const seen = new Set(
      points.map(({ inside, sql, when }) => (sql === 'COMMIT' ? `${when} ${inside}` : inside)),
    );
    // Few seeds are for looking at one of them.
    for (const inside of COPY_SEEDS.length < 100 ? [] : PLACES) {
      expect([...seen]).toEqual(
        expect.arrayContaining([inside, `before ${inside}`, `after ${inside}`]),
      );
    }
  },
  PATIENCE_MS,
);
