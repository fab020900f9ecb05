/** Runs every bench in a process of its own, one after the other, so that none warms up or starves another. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync } from 'node:fs';

const folder = new URL('./', import.meta.url).pathname;
const only = process.argv.slice(2);

for (const file of globSync('*.bench.ts', { cwd: folder }).sort()) {
  if (only.length > 0 && !only.some((name) => file.startsWith(name))) continue;
  const [code] = (await once(
    spawn(process.execPath, [folder + file], { stdio: 'inherit' }),
    'close',
  )) as [number];
  if (code !== 0) process.exitCode = 1;
}
