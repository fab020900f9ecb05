/**
 * A process that answers questions about stored flows, one at a time. Its parent kills it when a question takes
 * too long: SQLite cannot be interrupted from within the process (docs/architecture.md).
 */
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts';
import type { FlowReader } from '../store/flow-store.ts';
import { answerQuestions } from './answer-questions.ts';

const [directory = ''] = process.argv.slice(2);
const store: FlowReader = await openSqliteStore({ directory, readOnly: true });

answerQuestions(({ method, args }) => {
  // The pool asks by the names of the reader's methods only.
  const ask = store[method as keyof FlowReader] as (
    ...given: readonly unknown[]
  ) => Promise<unknown>;
  return ask(...args);
});
