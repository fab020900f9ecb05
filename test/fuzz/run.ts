/** `npm run test:fuzz -- <target> [count] [seed]`: a million mutated records unless told, and what became of them. */
import { fuzzLines } from './lines.ts';

const TARGETS = { lines: fuzzLines } as const;

const [name = '', count = '1000000', seed = String(Date.now() % 1_000_000)] = process.argv.slice(2);
if (!(name in TARGETS)) {
  process.stderr.write(`which target? known are ${Object.keys(TARGETS).join(', ')}\n`);
  process.exit(2);
}
const startedMs = performance.now();
const { rejected, ...report } = TARGETS[name as keyof typeof TARGETS]({
  count: Number(count),
  seed: Number(seed),
});
const seconds = (performance.now() - startedMs) / 1000;
process.stdout.write(
  `seed ${seed}, ${seconds.toFixed(1)}s\n${JSON.stringify(report, undefined, 2)}\n`,
);
for (const [reason, times] of [...rejected].sort((one, other) => other[1] - one[1]).slice(0, 40)) {
  process.stdout.write(`${String(times).padStart(8)}  ${reason.slice(0, 120)}\n`);
}
