export type Bench = {
  readonly name: string;
  /** What one unit of work is, a second: `flows/s`. */
  readonly unit: string;
  readonly rounds: number;
  /** Does the work once and answers with how many units it was. */
  run(): Promise<number>;
};

/** A fixed piece of arithmetic. Where its time varies between rounds, so do the figures beside it. */
export function controlMs(): number {
  const begun = performance.now();
  let hash = 1;
  for (let step = 0; step < 20_000_000; step += 1) hash = Math.imul(hash ^ step, 0x0100_0193);
  if (hash === 0) throw new Error('the control was not computed');
  return performance.now() - begun;
}

const round = (value: number): number => Math.round(value * 10) / 10;

export const spread = (values: readonly number[]): { median: number; min: number; max: number } => {
  const sorted = values.toSorted((a, b) => a - b);
  return {
    median: round(sorted[Math.floor(sorted.length / 2)] ?? 0),
    min: round(sorted[0] ?? 0),
    max: round(sorted.at(-1) ?? 0),
  };
};

/** Runs the work once to warm up, then `rounds` times, and prints one JSON line. */
export async function measure({ name, unit, rounds, run }: Bench): Promise<void> {
  await run();
  const wall: number[] = [];
  const cpu: number[] = [];
  const control: number[] = [];
  for (let at = 0; at < rounds; at += 1) {
    control.push(controlMs());
    const usedBefore = process.cpuUsage();
    const begun = performance.now();
    const units = await run();
    wall.push(units / ((performance.now() - begun) / 1_000));
    const used = process.cpuUsage(usedBefore);
    cpu.push(units / ((used.user + used.system) / 1_000_000));
  }
  print({
    name,
    unit,
    rounds,
    ...spread(wall),
    perCpuSecond: spread(cpu),
    controlMs: spread(control),
  });
}

/** Prints a figure that was measured some other way, in the same form. */
export function print(figure: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify({ ...figure, node: process.version })}\n`);
}
