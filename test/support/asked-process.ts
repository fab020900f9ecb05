/** A process of a question pool whose work is what a test asks it for. */
import { answerQuestions } from '../../server/processes/answer-questions.ts';

if (process.argv[2] === 'broken') process.exit(3);

answerQuestions(async ({ method, args }, onprogress) => {
  switch (method) {
    case 'pid':
      return process.pid;
    case 'count':
      return count(args, onprogress);
    case 'spin':
      onprogress({ done: 0, total: 1 });
      // Nothing that comes in is heard of here, as in the middle of a statement of SQLite.
      for (;;);
    default:
      throw new Error(`asked for '${method}'`);
  }
});

/** Tells of each step, and gives way after it. */
async function count(
  [steps]: readonly unknown[],
  onprogress: (progress: { done: number; total: number }) => void,
): Promise<number> {
  const total = Number(steps);
  for (let done = 0; done < total; done++) {
    onprogress({ done, total });
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return total;
}
