import type { Progress } from '../operations/analysis-desk.ts';
import type { Answer, Call } from './question-protocol.ts';
import { sendError } from './sent-error.ts';

/** Often enough for a bar that moves, whatever the work counts. */
const TELL_MS = 100;

export type Answering = (call: Call, onprogress: (progress: Progress) => void) => Promise<unknown>;

/** Makes this process one of a pool (`question-pool.ts`): it answers one question at a time until its parent ends it. */
export function answerQuestions(answering: Answering): void {
  const send = (answer: Answer): void => {
    process.send?.(answer);
  };
  const answer = async (call: Call): Promise<void> => {
    let toldAt = -Infinity;
    const onprogress = (progress: Progress): void => {
      if (performance.now() - toldAt < TELL_MS) return;
      toldAt = performance.now();
      send({ kind: 'progress', progress });
    };
    try {
      send({ kind: 'answer', value: await answering(call, onprogress) });
    } catch (error) {
      send({ kind: 'failed', error: sendError(error) });
    }
  };
  process.on('message', (call: Call) => void answer(call));
  // The parent ends it; a terminal's Ctrl+C goes to both, and the parent still has questions to finish.
  process.on('SIGINT', () => undefined);
  process.on('disconnect', () => process.exit(0));
  send({ kind: 'ready' });
}
