import { expect, test } from 'vitest';
import { createLogger } from '../../../server/lib/log.ts';
import { openQuestionPool, type QuestionPool } from '../../../server/processes/question-pool.ts';

const LIMIT_MS = 60_000;

const open = (
  options: { readonly graceMs?: number; readonly args?: readonly string[] } = {},
): QuestionPool =>
  openQuestionPool({
    module: new URL('../../support/asked-process.ts', import.meta.url),
    name: 'a test process',
    advice: 'ask for less',
    log: createLogger('silent'),
    ...{ args: [], graceMs: 0, processes: 1, waiting: 8 },
    ...options,
  });

const ask = (pool: QuestionPool, method: string, ...args: readonly unknown[]): Promise<unknown> =>
  pool.ask({ method, args, limitMs: LIMIT_MS });

test('progress arrives while the answer is still to come, and the answer after it', async () => {
  await using pool = open();
  const told: { readonly done: number; readonly total: number }[] = [];
  const onprogress = told.push.bind(told);
  const steps = 60;
  expect(await pool.ask({ method: 'count', args: [steps], limitMs: LIMIT_MS, onprogress })).toBe(
    steps,
  );
  expect(told[0]).toEqual({ done: 0, total: steps });
  // Rarer than each step, so that telling costs nothing.
  expect(told.length).toBeGreaterThan(1);
  expect(told.length).toBeLessThan(steps / 2);
  expect(told).toEqual(told.toSorted((a, b) => a.done - b.done));
});

test('work past its limit is killed and said so, and another process answers the next question', async () => {
  await using pool = open();
  const first = await ask(pool, 'pid');
  await expect(pool.ask({ method: 'spin', args: [], limitMs: 50 })).rejects.toMatchObject({
    code: 'query-timeout',
    detail: 'it took longer than 0.05 s; ask for less',
  });
  const second = await ask(pool, 'pid');
  expect(second).not.toBe(first);
  expect(() => process.kill(first as number, 0)).toThrow('ESRCH');
  expect(pool.load()).toMatchObject({ processes: 1, ended: { answered: 2, timedOut: 1 } });
});

test('work that nobody waits for any more is killed', async () => {
  await using pool = open();
  const first = await ask(pool, 'pid');
  const stop = new AbortController();
  const spinning = pool.ask({
    ...{ method: 'spin', args: [], limitMs: LIMIT_MS, signal: stop.signal },
    onprogress: () => stop.abort(),
  });
  await expect(spinning).rejects.toMatchObject({ name: 'AbortError' });
  expect(await ask(pool, 'pid')).not.toBe(first);
  expect(pool.load().ended).toMatchObject({ answered: 2, givenUp: 1 });
});

test('what is nearly done when it is given up may end in peace, and its process stays', async () => {
  await using pool = open({ graceMs: LIMIT_MS });
  const first = await ask(pool, 'pid');
  const stop = new AbortController();
  const counting = pool.ask({
    ...{ method: 'count', args: [5], limitMs: LIMIT_MS, signal: stop.signal },
    onprogress: () => stop.abort(),
  });
  await expect(counting).rejects.toMatchObject({ name: 'AbortError' });
  expect(await ask(pool, 'pid')).toBe(first);
});

test('a question that is given up before a process takes it costs none', async () => {
  await using pool = open();
  const stop = new AbortController();
  const counting = ask(pool, 'count', 20);
  const queued = pool.ask({ method: 'spin', args: [], limitMs: LIMIT_MS, signal: stop.signal });
  stop.abort();
  await expect(queued).rejects.toMatchObject({ name: 'AbortError' });
  expect(await counting).toBe(20);
  expect(pool.load()).toMatchObject({ waiting: 0, ended: { answered: 1, givenUp: 1 } });
});

test('a process that somebody kills fails its question, and is followed by another', async () => {
  await using pool = open();
  const pid = (await ask(pool, 'pid')) as number;
  const spinning = pool.ask({
    ...{ method: 'spin', args: [], limitMs: LIMIT_MS },
    onprogress: () => void process.kill(pid, 'SIGKILL'),
  });
  await expect(spinning).rejects.toMatchObject({
    code: 'store-failed',
    detail: 'a test process failed: it ended with SIGKILL',
  });
  expect(await ask(pool, 'pid')).not.toBe(pid);
});

test('where no process can start, each question says so and none waits forever', async () => {
  await using pool = open({ args: ['broken'] });
  for (const failing of [ask(pool, 'pid'), ask(pool, 'pid')])
    await expect(failing).rejects.toMatchObject({
      code: 'store-failed',
      detail: 'a test process failed: it ended with 3',
    });
  expect(pool.load()).toMatchObject({ waiting: 0, ended: { failed: 2 } });
});

test('a pool that is closed answers nobody', async () => {
  const pool = open();
  const waiting = ask(pool, 'spin');
  const settled = expect(waiting).rejects.toMatchObject({ code: 'busy' });
  await pool[Symbol.asyncDispose]();
  await settled;
  await expect(ask(pool, 'pid')).rejects.toMatchObject({ code: 'busy' });
});
