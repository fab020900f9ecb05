/** `npm run test:crash` sets it; fewer look at every change. */
const COUNT = Number(process.env['CRASH_SEEDS'] ?? 200);
const FIRST = Number(process.env['CRASH_FIRST_SEED'] ?? 1);
/** Every so many seeds a process is killed; the others are killed by a copy of their files, which is cheap. */
const PROCESS_EVERY = 5;

const seeds = Array.from({ length: COUNT }, (_, index) => FIRST + index);

/** Seeds of runs whose process is killed. */
export const PROCESS_SEEDS = seeds.filter((seed) => seed % PROCESS_EVERY === 0);

/** Seeds of runs that are killed by a copy. */
export const COPY_SEEDS = seeds.filter((seed) => seed % PROCESS_EVERY !== 0);

/** Seeds of runs that lose power. */
export const POWER_SEEDS = seeds.filter((seed) => seed % 6 === 0);

export const PATIENCE_MS = 60_000 + COUNT * 3_000;
