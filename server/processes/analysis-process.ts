/**
 * A process that weighs policies, one question at a time, on its own connections to the flows and the history of
 * objects. Engines and what else took time to make stay from one question to the next.
 */
import { ANALYSES, type AnalysisName } from '../operations/analyses.ts';
import { openAnalysisDesk, type AnalysisDesk, type Progress } from '../operations/analysis-desk.ts';
import type { InventoryNow } from '../operations/history-inventory.ts';
import { answerQuestions } from './answer-questions.ts';

const [directory = ''] = process.argv.slice(2);
const desk = await openAnalysisDesk(directory);

answerQuestions(async ({ method, args }, onprogress) => {
  // As `analysis-pool.ts` asks.
  const [question, now] = args as readonly [unknown, InventoryNow];
  const run = (await ANALYSES[method as AnalysisName].load()) as (
    desk: AnalysisDesk,
    question: unknown,
    onprogress: (progress: Progress) => void,
  ) => Promise<unknown>;
  desk.inventory.hear(now);
  return run(desk, question, onprogress);
});
