import { fork } from 'node:child_process';
import { AppError } from '../core/errors.ts';
import type { Progress } from '../operations/analysis-desk.ts';
import type { ReadLoad } from '../store/flow-store.ts';
import type { Answer, Call } from './question-protocol.ts';
import { receiveError } from './sent-error.ts';

/** A question with whom to tell. */
export type Asked = {
  readonly method: string;
  readonly args: readonly unknown[];
  /** A question that takes longer is killed, and fails with `query-timeout`. */
  readonly limitMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly onprogress?: ((progress: Progress) => void) | undefined;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
};

export type Outcome = keyof ReadLoad['ended'];

export type ProcessOptions = {
  /** The module that it runs, which calls `answerQuestions`, and the arguments it is given. */
  readonly module: URL;
  readonly args: readonly string[];
  /** As messages call it: `a reader process`. */
  readonly name: string;
  /** What to do about a question that takes too long. */
  readonly advice: string;
  /** A question that was given up may go on for so long, since a new process costs more than the rest of most answers. */
  readonly graceMs: number;
};

export type ProcessEvents = {
  /** A question of this process is over. */
  readonly onend: (how: Outcome) => void;
  /** It can be asked. */
  readonly onidle: () => void;
  readonly onexit: (why: string) => void;
};

export type QuestionProcess = {
  /** Only while it is idle. */
  ask(asked: Asked): void;
  /** Ends the process; resolves when it is gone. */
  end(): Promise<void>;
};

/**
 * Starts a process that answers one question at a time, and can be killed at any moment of it. What it says is always of
 * the question that it was asked last.
 */
export function startQuestionProcess(
  { module, args, name, advice, graceMs }: ProcessOptions,
  { onend, onidle, onexit }: ProcessEvents,
): QuestionProcess {
  // Structured clone carries bigints and bytes.
  const child = fork(module, args, { serialization: 'advanced' });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let current: { readonly asked: Asked; readonly release: () => void } | undefined;
  let timer: NodeJS.Timeout | undefined;
  let why = '';

  const settle = (how: Outcome, tell: (asked: Asked) => void): void => {
    const settled = current;
    current = undefined;
    if (settled === undefined) return;
    settled.release();
    onend(how);
    tell(settled.asked);
  };
  const killFor = (reason: string): void => {
    why = reason;
    child.kill('SIGKILL');
  };
  child.on('message', (answer: Answer) => {
    // What a process says that is being killed is too late: it must not be asked again.
    if (why !== '') return;
    if (answer.kind === 'progress') {
      current?.asked.onprogress?.(answer.progress);
      return;
    }
    if (answer.kind !== 'ready') {
      clearTimeout(timer);
      settle(answer.kind === 'answer' ? 'answered' : 'failed', ({ resolve, reject }) =>
        answer.kind === 'answer' ? resolve(answer.value) : reject(receiveError(answer.error)),
      );
    }
    onidle();
  });
  child.once('exit', (code, signal) => {
    clearTimeout(timer);
    const ending = why === '' ? `it ended with ${signal ?? String(code)}` : why;
    settle('failed', ({ reject }) => reject(processFailure(name, ending)));
    onexit(ending);
  });

  return {
    ask(asked) {
      const { method, args: given, signal, limitMs } = asked;
      const late = (): void => {
        const text = `it took longer than ${limitMs / 1_000} s; ${advice}`;
        settle('timedOut', ({ reject }) => reject(new AppError('query-timeout', text)));
        killFor('a question took too long');
      };
      const abort = (): void => {
        settle('givenUp', ({ reject }) => reject(signal?.reason));
        clearTimeout(timer);
        timer = setTimeout(killFor, graceMs, 'a question was given up');
      };
      timer = setTimeout(late, limitMs);
      signal?.addEventListener('abort', abort, { once: true });
      current = { asked, release: () => signal?.removeEventListener('abort', abort) };
      // A process that is gone tells so by its exit, which settles the question.
      child.send({ method, args: given } satisfies Call, () => undefined);
    },
    async end() {
      child.kill('SIGKILL');
      await gone;
    },
  };
}

export const processFailure = (name: string, why: string): AppError =>
  new AppError('store-failed', `${name} failed: ${why}`);
