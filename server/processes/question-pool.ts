import { AppError } from '../core/errors.ts';
import type { Logger } from '../lib/log.ts';
import type { ReadLoad } from '../store/flow-store.ts';
import {
  processFailure,
  startQuestionProcess,
  type Asked,
  type ProcessOptions,
  type QuestionProcess,
} from './question-process.ts';

export type QuestionPoolOptions = ProcessOptions & {
  readonly log: Logger;
  /** One question occupies one. */
  readonly processes: number;
  /** Questions that may wait; more fail with `busy`. */
  readonly waiting: number;
};

export type Question = Omit<Asked, 'resolve' | 'reject'>;

export type QuestionPool = AsyncDisposable & {
  ask(question: Question): Promise<unknown>;
  load(): ReadLoad;
};

/**
 * Has questions answered in child processes, so that the caller's event loop never waits for them and a question can be
 * ended at any moment: by its time limit, or by its signal. Processes are started when they are first needed.
 */
export function openQuestionPool(options: QuestionPoolOptions): QuestionPool {
  const { log, name, processes, waiting } = options;
  const queue: Asked[] = [];
  const idle = new Set<QuestionProcess>();
  const running = new Set<QuestionProcess>();
  const starting = new Set<QuestionProcess>();
  const ended = { answered: 0, failed: 0, timedOut: 0, givenUp: 0, refused: 0 };
  let closed = false;

  /** The idle one that runs the longest: most of what is asked for again is in its memory, and its code is compiled. */
  const takeIdle = (): QuestionProcess | undefined => {
    const found = [...running].find((each) => idle.has(each));
    if (found !== undefined) idle.delete(found);
    return found;
  };
  const next = (): void => {
    while (queue.length > 0 && idle.size > 0) takeIdle()?.ask(queue.shift() as Asked);
    while (queue.length > starting.size && running.size < processes) start();
  };
  const start = (): void => {
    const started = startQuestionProcess(options, {
      onend: (how) => void (ended[how] += 1),
      onidle() {
        starting.delete(started);
        idle.add(started);
        next();
      },
      onexit(why) {
        running.delete(started);
        idle.delete(started);
        if (closed) return;
        log.warn({ why }, `${name} ended`);
        // What keeps one from starting keeps the next one, so each fails a question and none is asked forever.
        if (starting.delete(started)) failFirst(why);
        next();
      },
    });
    running.add(started);
    starting.add(started);
  };
  const failFirst = (why: string): void => {
    const first = queue.shift();
    if (first === undefined) return;
    ended.failed += 1;
    first.reject(processFailure(name, why));
  };
  const refusal = (): AppError | undefined => {
    if (closed) return stopping();
    // Those that no process has taken because it still starts are not waiting for another question.
    const free = processes - (running.size - starting.size - idle.size);
    if (queue.length < waiting + free) return undefined;
    ended.refused += 1;
    return new AppError('busy', `${waiting} questions wait already; ask again in a moment`);
  };

  return {
    async ask(question) {
      const { signal } = question;
      signal?.throwIfAborted();
      const refused = refusal();
      if (refused !== undefined) throw refused;
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      const asked: Asked = { ...question, resolve, reject };
      const leave = (): void => {
        if (!queue.includes(asked)) return;
        queue.splice(queue.indexOf(asked), 1);
        ended.givenUp += 1;
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', leave, { once: true });
      queue.push(asked);
      next();
      try {
        return await promise;
      } finally {
        signal?.removeEventListener('abort', leave);
      }
    },
    load: () => ({
      processes: running.size,
      busy: running.size - idle.size,
      waiting: queue.length,
      ended: { ...ended },
    }),
    async [Symbol.asyncDispose]() {
      closed = true;
      for (const { reject } of queue.splice(0)) reject(stopping());
      await Promise.all([...running].map((each) => each.end()));
    },
  };
}

const stopping = (): AppError => new AppError('busy', 'the server is stopping');
