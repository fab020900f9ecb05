import { SingleBar } from 'cli-progress';
import { AppError } from '../core/errors.ts';
import { systemClock } from '../lib/clock.ts';
import { importFile, type ImportedFile } from '../operations/import-files.ts';
import type { FlowStore } from '../store/flow-store.ts';
import { printJson, printTable, type OutputFormat } from './print.ts';

/**
 * Imports files one after the other and prints what became of each. Throws an AppError `unsupported-file` at the
 * end when some could not be read.
 */
export async function importFiles(
  store: FlowStore,
  { files, output }: { readonly files: readonly string[]; readonly output: OutputFormat },
): Promise<void> {
  const done: ImportedFile[] = [];
  const failed: AppError[] = [];
  for (const file of files) {
    try {
      const imported = await importOne(store, file);
      if (output === 'json') printJson(imported);
      done.push(imported);
    } catch (error) {
      // One file that cannot be read keeps none of the others from being stored.
      if (!(error instanceof AppError)) throw error;
      failed.push(error);
    }
  }
  if (output === 'table' && done.length > 0) printImported(done);
  if (failed.length > 0) {
    throw new AppError('unsupported-file', failed.map((error) => error.detail).join('; '), {
      cause: failed[0],
    });
  }
}

async function importOne(store: FlowStore, file: string): Promise<ImportedFile> {
  const bar = progressBar(file);
  try {
    return await importFile(store, {
      file,
      clock: systemClock(),
      signal: new AbortController().signal,
      progress: (read, total) => {
        bar?.setTotal(total);
        bar?.update(read);
      },
    });
  } finally {
    bar?.stop();
  }
}

/** Only for a person: where standard error is a terminal. */
function progressBar(file: string): SingleBar | undefined {
  if (!process.stderr.isTTY) return undefined;
  const bar = new SingleBar({
    format: `${file} {bar} {percentage}% · {eta_formatted} left`,
    stream: process.stderr,
    clearOnComplete: true,
  });
  bar.start(1, 0);
  return bar;
}

function printImported(files: readonly ImportedFile[]): void {
  printTable(
    ['file', 'format', 'flows', 'repeated', 'dropped', 'gaps', 'rejected'],
    files.map(({ file, format, flows, repeated, byVerdict, gaps, rejected }) => [
      file,
      format,
      String(flows),
      String(repeated),
      String(byVerdict.dropped),
      String(gaps),
      rejected.map(({ reason, count }) => `${count} ${reason}`).join(', '),
    ]),
  );
}
