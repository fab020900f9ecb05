/** `npm run test:fuzz -- [target] [count] [seed]`: a million mutated records unless told, and what became of them. */
import { fuzzLines } from './lines.ts';
import { fuzzMessages } from './messages.ts';

const TARGETS = { lines: fuzzLines, messages: fuzzMessages } as const;

const [only, count = '1000000', seed = String(Date.now() % 1_000_000)] = process.argv.slice(2);
if (only !== undefined && !(only in TARGETS)) {
  process.stderr.write(`which target? known are ${Object.keys(TARGETS).join(', ')}\n`);
  process.exit(2);
}
for (const [name, fuzz] of Object.entries(TARGETS)) {
  if (only !== undefined && only !== name) continue;
  const startedMs = performance.now();
  const { rejected, ...report } = fuzz({ count: Number(count), seed: Number(seed) });
  const seconds = (performance.now() - startedMs) / 1000;
  process.stdout.write(
    `${name}: seed ${seed}, ${seconds.toFixed(1)}s\n${JSON.stringify(report, undefined, 2)}\n`,
  );
  const byCount = [...rejected].sort((one, other) => other[1] - one[1]);
  for (const [reason, times] of byCount.slice(0, 40)) {
    process.stdout.write(`${String(times).padStart(8)}  ${reason.slice(0, 120)}\n`);
  }
}
