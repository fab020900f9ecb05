/**
 * A process that answers questions about stored flows, one at a time. Its parent kills it when a question takes
 * too long: SQLite cannot be interrupted from within the process (docs/architecture.md).
 */
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts';
import type { FlowReader } from '../store/flow-store.ts';
import type { ReaderAnswer, ReaderCall } from './reader-protocol.ts';
import { sendError } from './sent-error.ts';

const [directory = ''] = process.argv.slice(2);
const store: FlowReader = await openSqliteStore({ directory, readOnly: true });

const send = (answer: ReaderAnswer): void => {
  process.send?.(answer);
};

async function answer({ id, method, args }: ReaderCall): Promise<void> {
  try {
    const ask = store[method] as (...args: readonly unknown[]) => Promise<unknown>;
    send({ kind: 'answer', id, value: await ask(...args) });
  } catch (error) {
    send({ kind: 'failed', id, error: sendError(error) });
  }
}

process.on('message', (call: ReaderCall) => void answer(call));
// The parent ends it; a terminal's Ctrl+C goes to both, and the parent still has questions to finish.
process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit(0));
send({ kind: 'ready' });
