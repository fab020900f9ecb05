import { AppError } from '../core/errors.ts';
import { systemClock } from '../lib/clock.ts';
import { importFile, type ImportedFile } from '../operations/import-files.ts';
import { KNOWN_FORMATS } from '../sources/line-format.ts';
import type { FlowStore } from '../store/flow-store.ts';
import { printJson, printTable, type OutputFormat } from './print.ts';
import { withProgress } from './progress.ts';

/**
 * Imports files one after the other and prints what became of each. At the end it throws what was wrong with
 * files: an AppError, `unreadable-file` or `unsupported-file`, or an AggregateError of several.
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
      if (imported.outcome === 'no-flows') failed.push(noFlows(imported));
    } catch (error) {
      // One file that cannot be read keeps none of the others from being stored.
      if (!(error instanceof AppError)) throw error;
      failed.push(error);
    }
  }
  if (output === 'table' && done.length > 0) printImported(done);
  const [first, ...others] = failed;
  if (first === undefined) return;
  throw others.length === 0 ? first : new AggregateError(failed);
}

function noFlows({ file, rejected }: ImportedFile): AppError {
  const count = rejected.reduce((sum, rejection) => sum + rejection.count, 0);
  const lines = count === 1 ? '1 line' : `${count} lines`;
  return new AppError(
    'unsupported-file',
    `${file}: no flow record found; ${lines} rejected: ${reasonsOf(rejected)}. Known are ${KNOWN_FORMATS}`,
  );
}

function importOne(store: FlowStore, file: string): Promise<ImportedFile> {
  return withProgress(file, (progress) =>
    importFile(store, {
      file,
      clock: systemClock(),
      signal: new AbortController().signal,
      progress,
    }),
  );
}

function printImported(files: readonly ImportedFile[]): void {
  printTable(
    ['file', 'source', 'format', 'flows', 'repeated', 'dropped', 'gaps', 'rejected', 'note'],
    files.map((imported) => [
      imported.file,
      imported.outcome === 'imported' || imported.outcome === 'known' ? imported.source : '',
      imported.format,
      String(imported.flows),
      String(imported.repeated),
      String(imported.byVerdict.dropped),
      String(imported.gaps),
      reasonsOf(imported.rejected),
      noteOf(imported),
    ]),
  );
}

function noteOf({ outcome, flows, repeated }: ImportedFile): string {
  switch (outcome) {
    case 'imported':
      return '';
    case 'known':
      return `already imported: ${flows} new flows, ${repeated} known`;
    case 'empty':
      return 'empty: 0 flows';
    case 'no-flows':
      return 'no flow found: nothing stored';
  }
}

const reasonsOf = (rejected: ImportedFile['rejected']): string =>
  rejected.map(({ reason, count }) => `${count} ${reason}`).join(', ');
