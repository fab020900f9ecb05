import { fork, type ChildProcess } from 'node:child_process';
import { AppError } from '../core/errors.ts';
import type { Logger } from '../lib/log.ts';
import type { FlowReader, ReadLoad } from '../store/flow-store.ts';
import type { ReaderAnswer, ReaderCall, ReaderMethod } from './reader-protocol.ts';
import { receiveError } from './sent-error.ts';

export type ReaderPoolOptions = {
  /** Directory of a store that exists. */
  readonly directory: string;
  readonly log: Logger;
  /** Processes; one question occupies one. */
  readonly readers?: number;
  /** A question that takes longer is killed, and fails with `query-timeout`. */
  readonly limitMs?: number;
  /** Questions that may wait; more fail with `busy`. */
  readonly waiting?: number;
};

export type ReaderPool = FlowReader & AsyncDisposable & { load(): ReadLoad };

type Question = {
  readonly method: ReaderMethod;
  readonly args: readonly unknown[];
  readonly signal: AbortSignal | undefined;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
};

const PROCESS = new URL('./reader-process.ts', import.meta.url);

/**
 * Answers questions in child processes, so that the caller's event loop never waits for SQL and a question can be
 * ended at any moment: by its time limit, or by its signal. Processes are started when they are first needed.
 */
export function openReaderPool({
  directory,
  log,
  readers = 2,
  limitMs = 15_000,
  waiting = 64,
}: ReaderPoolOptions): ReaderPool {
  const queue: Question[] = [];
  const idle: Reader[] = [];
  const running = new Set<Reader>();
  const ended = { answered: 0, failed: 0, timedOut: 0, givenUp: 0, refused: 0 };
  let closed = false;

  const next = (): void => {
    while (queue.length > 0) {
      const reader = idle.pop() ?? (running.size < readers ? start() : undefined);
      if (reader === undefined) return;
      const question = queue.shift();
      if (question !== undefined) reader.ask(question);
    }
  };
  const start = (): Reader => {
    const reader = startReader(directory, {
      limitMs,
      onend: (how) => void (ended[how] += 1),
      onidle: () => {
        idle.push(reader);
        next();
      },
      onexit: (why) => {
        running.delete(reader);
        const at = idle.indexOf(reader);
        if (at >= 0) idle.splice(at, 1);
        if (closed) return;
        log.warn({ why }, 'a reader process ended');
        next();
      },
    });
    running.add(reader);
    return reader;
  };

  const ask = <M extends ReaderMethod>(
    method: M,
    args: readonly unknown[],
    signal?: AbortSignal,
  ): ReturnType<FlowReader[M]> => {
    const answer = new Promise<unknown>((resolve, reject) => {
      signal?.throwIfAborted();
      if (closed) throw new AppError('busy', 'the server is stopping');
      if (queue.length >= waiting) {
        ended.refused += 1;
        throw new AppError('busy', `${waiting} questions wait already; ask again in a moment`);
      }
      queue.push({ method, args, signal, resolve, reject });
      next();
    });
    // A reader answers what the store's method of the same name answers.
    return answer as ReturnType<FlowReader[M]>;
  };

  return {
    page: (query, { signal, ...request }) => ask('page', [query, request], signal),
    records: (query, { signal, ...request }) => ask('records', [query, request], signal),
    find: (seq) => ask('find', [seq]),
    summarize: ({ signal, ...query }) => ask('summarize', [query], signal),
    dropGroups: ({ signal, ...query }) => ask('dropGroups', [query], signal),
    policyHits: (query) => ask('policyHits', [query]),
    gaps: (within) => ask('gaps', [within]),
    ledger: (within) => ask('ledger', [within]),
    origins: () => ask('origins', []),
    span: () => ask('span', []),
    retained: () => ask('retained', []),
    load: () => ({
      processes: running.size,
      busy: running.size - idle.length,
      waiting: queue.length,
      ended: { ...ended },
    }),
    async [Symbol.asyncDispose]() {
      closed = true;
      for (const { reject } of queue.splice(0))
        reject(new AppError('busy', 'the server is stopping'));
      await Promise.all([...running].map((reader) => reader.end()));
    },
  };
}

type Reader = {
  ask(question: Question): void;
  /** Ends the process; resolves when it is gone. */
  end(): Promise<void>;
};

type ReaderEvents = {
  readonly limitMs: number;
  /** A question of this process is over. */
  readonly onend: (how: keyof ReadLoad['ended']) => void;
  readonly onidle: () => void;
  readonly onexit: (why: string) => void;
};

function startReader(directory: string, { limitMs, onend, onidle, onexit }: ReaderEvents): Reader {
  // Structured clone carries bigints and bytes.
  const child = fork(PROCESS, [directory], { serialization: 'advanced' });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let current:
    { readonly id: number; readonly question: Question; readonly done: () => void } | undefined;
  const opened = Promise.withResolvers<undefined>();
  let asked = 0;
  let why = '';

  const settle = (how: keyof ReadLoad['ended'], with_: (question: Question) => void): void => {
    const settled = current;
    current = undefined;
    settled?.done();
    if (settled === undefined) return;
    onend(how);
    with_(settled.question);
  };
  const kill = (how: 'timedOut' | 'givenUp', reason: string, error: unknown): void => {
    why = reason;
    settle(how, ({ reject }) => reject(error));
    child.kill('SIGKILL');
  };
  child.on('message', (answer: ReaderAnswer) => {
    if (answer.kind === 'ready') opened.resolve(undefined);
    if (answer.kind === 'ready' || answer.id !== current?.id) return;
    settle(answer.kind === 'answer' ? 'answered' : 'failed', ({ resolve, reject }) =>
      answer.kind === 'answer' ? resolve(answer.value) : reject(receiveError(answer.error)),
    );
    onidle();
  });
  child.once('exit', (code, signal) => {
    const ending = why === '' ? `it ended with ${signal ?? String(code)}` : why;
    settle('failed', ({ reject }) =>
      reject(new AppError('store-failed', `A reader process failed: ${ending}`)),
    );
    onexit(ending);
  });

  return {
    ask(question) {
      const { method, args, signal } = question;
      const id = (asked += 1);
      let timer: NodeJS.Timeout | undefined;
      const late = (): void => {
        const text = `it took longer than ${limitMs / 1_000} s; narrow the time range or the query`;
        kill('timedOut', 'a question took too long', new AppError('query-timeout', text));
      };
      // The time that a process takes to start is not the question's.
      void opened.promise.then(() => {
        if (current?.id === id) timer = setTimeout(late, limitMs);
      });
      const abort = (): void => kill('givenUp', 'a question was given up', signal?.reason);
      signal?.addEventListener('abort', abort, { once: true });
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
      };
      current = { id, question, done };
      sendCall(child, { id, method, args });
    },
    async end() {
      child.kill('SIGKILL');
      await gone;
    },
  };
}

function sendCall(child: ChildProcess, call: ReaderCall): void {
  // A process that is gone tells so by its exit, which settles the question.
  child.send(call, () => undefined);
}
