/** Lines of a file read, decoded and handed over as batches, a second of this process's time. */
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { calicoLines } from '../../server/demo/generate.ts';
import { followFile, numberedLines } from '../support/followed-file.ts';
import { eventually } from '../support/eventually.ts';
import { controlMs, print, spread } from '../support/measure.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const LINES = 100_000;
const ROUNDS = 5;

const TEXTS = {
  'Hubble, short': numberedLines(0, LINES),
  Calico: [...calicoLines({ seed: 1, count: LINES, startAt: 1_770_000_000_000 })].join('\n') + '\n',
} as const;

for (const [name, text] of Object.entries(TEXTS)) {
  const rates: number[] = [];
  const control: number[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    control.push(controlMs());
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'flows.log');
    await appendFile(path, text);
    const before = process.cpuUsage();
    await using opened = followFile(path);
    const { batches } = opened.reading;
    await eventually(
      () => {
        const count = batches.reduce((sum, { flows }) => sum + flows.length, 0);
        if (count < LINES) throw new Error(`${count} of ${LINES} lines`);
      },
      { timeoutMs: 60_000, everyMs: 20 },
    );
    const { user, system } = process.cpuUsage(before);
    if (round > 0) rates.push(LINES / ((user + system) / 1_000_000));
  }
  print({
    name: `lines of a file to batches, ${name}`,
    unit: 'lines per CPU-second',
    rounds: ROUNDS,
    ...spread(rates),
    megabytes: Math.round(Buffer.byteLength(text) / 1e5) / 10,
    controlMs: spread(control),
  });
}
