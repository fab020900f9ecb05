import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRandom, mixSeed, type Random } from '../../server/demo/random.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { faultsOf } from './check-store.ts';
import { watchKillPoints, type KillPoint } from './kill-points.ts';
import { planOf, runIngest, type Plan } from './run-ingest.ts';

const CHILD = new URL('./crash-process.ts', import.meta.url).pathname;
const FILE = 'dropwise.sqlite';

export type KilledRun = {
  /** What is wrong, a sentence each. */
  readonly faults: readonly string[];
  /** Where the kills fell that were made at a known point. */
  readonly points: readonly KillPoint[];
};

/** Kills a run; answers with the directory in which it goes on, and where it was killed if that is known. */
type Kill = (directory: string) => Promise<{ directory: string; point: KillPoint | undefined }>;

/** Runs a seed from kill to kill and then to its end, and looks at the store after each. */
async function runKilled(seed: number, kills: readonly Kill[]): Promise<KilledRun> {
  await using home = await temporaryDirectory();
  const points: KillPoint[] = [];
  let directory = join(home.path, '0');
  mkdirSync(directory);
  const look = async (complete: boolean): Promise<string[]> => {
    const { sources, pruneAt } = planOf(seed);
    const expected = { sources, prunedBefore: Math.max(0, ...pruneAt), complete };
    return (await faultsOf(directory, expected)).map((fault) => `seed ${seed}: ${fault}`);
  };
  for (const [round, kill] of kills.entries()) {
    const killed = await kill(directory);
    directory = killed.directory;
    if (killed.point !== undefined) points.push(killed.point);
    const faults = await look(false);
    if (faults.length > 0) {
      return {
        points,
        faults: faults.map((fault) => `${fault} (kill ${round}, ${describe(killed.point)})`),
      };
    }
  }
  await runIngest(directory, planOf(seed));
  return { points, faults: await look(true) };
}

const describe = (point: KillPoint | undefined): string =>
  point === undefined ? 'at a random time' : `${point.when} ${point.sql.slice(0, 40)}`;

/** Early points are tried more often than late ones: a run has some thousand. */
const pickPoint = (random: Random): number => 1 + random.below(random.pick([40, 400, 2_000]));

/** A function that says at which point to die: at any, or at one of those that are rare. */
function pickDeath(random: Random): (point: KillPoint) => boolean {
  const isRare = random.chance(0.6);
  const inside = random.pick(['commit', 'merge', 'deletion'] as const);
  const when = random.pick(['before', 'after', 'anywhere'] as const);
  // A run has few deletions.
  const few = inside === 'deletion' ? 1 : 4;
  let left = isRare ? 1 + random.below(when === 'anywhere' ? 30 : few) : pickPoint(random);
  return (point) => {
    const isRight =
      !isRare ||
      (point.inside === inside &&
        (when === 'anywhere' || (point.sql === 'COMMIT' && point.when === when)));
    if (isRight) left -= 1;
    return left <= 0;
  };
}

/** A process that dies by a real SIGKILL, once by its own hand at a known point, once at any time. */
export function killProcesses(seed: number): Promise<KilledRun> {
  const random = createRandom(mixSeed(seed, 0xdead));
  const atPoint = random.chance(0.6);
  const args = atPoint
    ? ['point', String(pickPoint(random))]
    : ['after', String(40_000 + random.below(160_000))];
  return runKilled(seed, [
    async (directory) => {
      const env = { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'dropwise-crash-cache') };
      const child = spawn(process.execPath, [CHILD, directory, String(seed), ...args], {
        env,
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
      if (code !== 0 && signal !== 'SIGKILL') throw new Error(`seed ${seed}: ended with ${code}`);
      return { directory, point: undefined };
    },
  ]);
}

/** Copies the files of a store that is in use. */
export type CopyStore = (from: string, to: string, random: Random) => void;

/**
 * Kills without a process: at a known point the files are copied as the kernel has them, which is what a dying
 * process leaves, and the run goes on from the copy.
 */
export function killByCopy(seed: number, copyStore: CopyStore = copyAll): Promise<KilledRun> {
  const random = createRandom(mixSeed(seed, 0xc0f1));
  const copyNow = (from: string, to: string): void => copyStore(from, to, random);
  const kills = Array.from({ length: 1 + random.below(2) }, (_, round): Kill => {
    const isDeath = pickDeath(random);
    return async (directory) => {
      const copy = join(directory, '..', String(round + 1));
      const point = await runUntil(planOf(seed), isDeath, directory, () =>
        copyNow(directory, copy),
      );
      if (point === undefined) return { directory, point };
      await rm(directory, { recursive: true });
      return { directory: copy, point };
    };
  });
  return runKilled(seed, kills);
}

async function runUntil(
  plan: Plan,
  isDeath: (point: KillPoint) => boolean,
  directory: string,
  die: () => void,
): Promise<KillPoint | undefined> {
  const killed = Promise.withResolvers<undefined>();
  let reached: KillPoint | undefined;
  using watch = new DisposableStack();
  watch.use(
    watchKillPoints((point) => {
      if (reached === undefined && isDeath(point)) {
        reached = point;
        die();
        killed.resolve(undefined);
      }
      if (reached !== undefined) throw new Error('this process is dead');
    }),
  );
  try {
    await runIngest(directory, plan, killed.promise);
  } catch (error) {
    // A kill while the store is opened, as in the middle of a migration, leaves nothing to run.
    if (reached === undefined) throw error;
  }
  return reached;
}

export const copyAll: CopyStore = (from, to) => {
  mkdirSync(to);
  for (const name of [FILE, `${FILE}-wal`, `${FILE}-shm`]) {
    if (existsSync(join(from, name))) copyFileSync(join(from, name), join(to, name));
  }
};
