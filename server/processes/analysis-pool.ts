import type { Logger } from '../lib/log.ts';
import { ANALYSES, type Analyses, type AnalysisName, type Asking } from '../operations/analyses.ts';
import type { InventoryNow } from '../operations/history-inventory.ts';
import type { ReadLoad } from '../store/flow-store.ts';
import { openQuestionPool } from './question-pool.ts';

export type AnalysisPoolOptions = {
  /** Directory of a store that exists. */
  readonly directory: string;
  /** Asked before each question. */
  readonly tellNow: () => Promise<InventoryNow>;
  readonly log: Logger;
  /** Instead of what `ANALYSES` allows each. */
  readonly limitMs?: number;
};

export type AnalysisPool = AsyncDisposable & {
  readonly analyses: Analyses;
  load(): ReadLoad;
};

/** The second is for the one who comes while a long one runs. */
const PROCESSES = 2;
const WAITING = 32;
/** Whoever turns pages leaves questions behind that are nearly answered. */
const GRACE_MS = 500;

/** Answers all of `ANALYSES` in processes of their own. */
export function openAnalysisPool({
  directory,
  tellNow,
  log,
  limitMs,
}: AnalysisPoolOptions): AnalysisPool {
  const pool = openQuestionPool({
    module: new URL('./analysis-process.ts', import.meta.url),
    args: [directory],
    name: 'an analysis process',
    advice: 'ask for a shorter time range, or again when the server has less to do',
    graceMs: GRACE_MS,
    processes: PROCESSES,
    waiting: WAITING,
    log,
  });
  const ask = (method: AnalysisName) => {
    return async (question: unknown, asking: Asking = {}): Promise<unknown> =>
      pool.ask({
        ...{ method, args: [question, await tellNow()] },
        limitMs: limitMs ?? ANALYSES[method].limitMs,
        ...asking,
      });
  };
  const names = Object.keys(ANALYSES) as readonly AnalysisName[];
  return {
    // The process answers each by the entry of the same name, which is what the type is made of.
    analyses: Object.fromEntries(names.map((name) => [name, ask(name)])) as Analyses,
    load: pool.load,
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  };
}
