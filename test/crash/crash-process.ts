/**
 * Run as a process of its own: ingests what the seed says into the directory it is told, and kills itself, either
 * at the given kill point or after the given microseconds, whatever it is doing then. Ends with 0 when the sources
 * ended before.
 */
import { flushCompileCache } from 'node:module';
import { Worker } from 'node:worker_threads';
import { watchKillPoints } from './kill-points.ts';
import { planOf, runIngest } from './run-ingest.ts';

const [directory = '', seed = '', how = '', at = ''] = process.argv.slice(2);

// Node keeps what it compiled when a process ends by itself, which these do not.
flushCompileCache();
if (how === 'point') {
  let left = Number(at);
  watchKillPoints(() => {
    left -= 1;
    if (left <= 0) process.kill(process.pid, 'SIGKILL');
  });
} else {
  // Another thread strikes in the middle of a system call, too.
  const wait = `Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${Number(at) / 1_000});`;
  new Worker(`${wait} process.kill(process.pid, 'SIGKILL');`, { eval: true });
}
await runIngest(directory, planOf(Number(seed)));
process.exit(0);
