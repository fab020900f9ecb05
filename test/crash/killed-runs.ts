import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createRandom, mixSeed, type Random } from '../../server/demo/random.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { aimOf, atAim, atAny, atMoment, pickPoint, type IsDeath } from './aims.ts';
import { faultsOf } from './check-store.ts';
import { sealsIn } from './seals-in.ts';
import { watchKillPoints, type KillPoint, type Reach } from './kill-points.ts';
import { ageStore } from './old-store.ts';
import { planOf, runIngest, type Plan, type PlanOptions } from './run-ingest.ts';

const CHILD = new URL('./crash-process.ts', import.meta.url).pathname;
const FILE = 'dropwise.sqlite';

export type KilledRun = {
  /** What is wrong, a sentence each. */
  readonly faults: readonly string[];
  /** Where the kills fell that were made at a known point. */
  readonly points: readonly KillPoint[];
};

/**
 * Kills a run; answers with the directory in which it goes on, where it was killed if that is known, and the seals
 * that others could read then.
 */
type Kill = (directory: string) => Promise<{
  readonly directory: string;
  readonly point: KillPoint | undefined;
  readonly seals: readonly string[];
}>;

/** Runs a seed from kill to kill and then to its end, and looks at the store after each. */
async function runKilled(
  seed: number,
  kills: readonly Kill[],
  options: PlanOptions = {},
): Promise<KilledRun> {
  await using home = await temporaryDirectory();
  const points: KillPoint[] = [];
  let directory = join(home.path, '0');
  mkdirSync(directory);
  const look = async (complete: boolean, seals: readonly string[]): Promise<string[]> => {
    const { sources, pruneAt } = planOf(seed, options);
    const expected = { sources, prunedBefore: Math.max(0, ...pruneAt), complete, seals };
    return (await faultsOf(directory, expected)).map((fault) => `seed ${seed}: ${fault}`);
  };
  for (const [round, kill] of kills.entries()) {
    const killed = await kill(directory);
    directory = killed.directory;
    if (killed.point !== undefined) points.push(killed.point);
    const faults = await look(false, killed.seals);
    if (faults.length > 0) {
      return {
        points,
        faults: faults.map((fault) => `${fault} (kill ${round}, ${describe(killed.point)})`),
      };
    }
  }
  const seals = sealsIn(directory);
  await runIngest(directory, planOf(seed, options));
  return { points, faults: await look(true, seals) };
}

const describe = (point: KillPoint | undefined): string =>
  point === undefined ? 'at a random time' : `${point.when} ${point.sql.slice(0, 40)}`;

/** A process that dies by a real SIGKILL, once by its own hand at a known point, once at any time. */
export function killProcesses(seed: number): Promise<KilledRun> {
  const random = createRandom(mixSeed(seed, 0xdead));
  const atPoint = random.chance(0.6);
  const args = atPoint
    ? ['point', String(pickPoint(random))]
    : ['after', String(40_000 + random.below(160_000))];
  return runKilled(seed, [
    async (directory) => {
      const child = spawn(process.execPath, [CHILD, directory, String(seed), ...args], {
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
      if (code !== 0 && signal !== 'SIGKILL') throw new Error(`seed ${seed}: ended with ${code}`);
      return { directory, point: undefined, seals: [] };
    },
  ]);
}

/** How a run that is killed without a process dies. */
export type Death = {
  /** Sees every kill point up to the one at which it dies. */
  readonly watch?: Reach;
  /** Copies the files of a store that is in use as the death leaves them. */
  copy(from: string, to: string, random: Random): void;
};

/**
 * Kills without a process: at a known point the files are copied as the kernel has them, which is what a dying
 * process leaves, and the run goes on from the copy. The seed says where it is killed.
 */
export function killByCopy(seed: number, death: Death = { copy: copyAll }): Promise<KilledRun> {
  const random = createRandom(mixSeed(seed, 0xc0f1));
  const aim = aimOf(seed);
  const plan = { prunes: aim?.inside === 'deletion' || undefined };
  const kills: Kill[] = [];
  const addKill = (isDeath: IsDeath, prepare?: (directory: string) => void): void => {
    const name = String(kills.length + 1);
    kills.push(async (directory) => {
      prepare?.(directory);
      const copy = join(directory, '..', name);
      let seals: readonly string[] = [];
      const point = await runUntil(planOf(seed, plan), isDeath, directory, death.watch, () => {
        seals = sealsIn(directory);
        death.copy(directory, copy, random);
      });
      if (point === undefined) return { directory, point, seals };
      await rm(directory, { recursive: true });
      return { directory: copy, point, seals };
    });
  };
  const isAged = aim?.inside === 'backfill';
  // What is to be made old must first be there.
  if (isAged) addKill(atMoment({ inside: 'commit', when: 'after' }, 8 + random.below(8)));
  addKill(aim === undefined ? atAny(random) : atAim(aim, seed), isAged ? ageStore : undefined);
  if (random.chance(0.5)) addKill(atAny(random));
  return runKilled(seed, kills, plan);
}

async function runUntil(
  plan: Plan,
  isDeath: IsDeath,
  directory: string,
  watch: Reach | undefined,
  die: () => void,
): Promise<KillPoint | undefined> {
  const killed = Promise.withResolvers<undefined>();
  let reached: KillPoint | undefined;
  using watching = new DisposableStack();
  watching.use(
    watchKillPoints((point, db) => {
      if (reached === undefined) watch?.(point, db);
      if (reached === undefined && isDeath(point)) {
        reached = point;
        die();
        killed.resolve(undefined);
      }
      // A transaction that stayed open would make whatever is tried next fail as if the disk were at fault.
      if (reached !== undefined && point.sql !== 'ROLLBACK')
        throw new Error('this process is dead');
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

export const copyAll: Death['copy'] = (from, to) => {
  mkdirSync(to);
  for (const name of [FILE, `${FILE}-wal`, `${FILE}-shm`]) {
    if (existsSync(join(from, name))) copyFileSync(join(from, name), join(to, name));
  }
};
