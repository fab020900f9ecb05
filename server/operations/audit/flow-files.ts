import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../../core/errors.ts';
import { systemClock } from '../../lib/clock.ts';
import { openSqliteStore } from '../../store/sqlite/sqlite-store.ts';
import type { FlowStore } from '../../store/flow-store.ts';
import { importFile } from '../import-files.ts';

export type FlowFiles = AsyncDisposable & { readonly store: FlowStore };

/**
 * Reads files of flows into a store of their own, which is gone when it is disposed. Throws an AppError
 * `unreadable-file`, or `unsupported-file` where a file holds no flow.
 */
export async function openFlowFiles(
  files: readonly string[],
  { signal }: { readonly signal: AbortSignal },
): Promise<FlowFiles> {
  await using parts = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'dropwise-files-'));
  parts.defer(() => rm(directory, { recursive: true, force: true }));
  const store = parts.use(await openSqliteStore({ directory }));
  for (const file of files) {
    const read = await importFile(store, {
      ...{ file, clock: systemClock(), signal },
      progress: () => undefined,
    });
    if (read.outcome === 'imported' || read.outcome === 'known') continue;
    const [reason] = read.rejected;
    const why = reason === undefined ? 'it is empty' : `${reason.count} lines: ${reason.reason}`;
    throw new AppError('unsupported-file', `${file}: no flow found; ${why}`);
  }
  const owned = parts.move();
  return { store, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
