import { SingleBar } from 'cli-progress';
import { systemClock } from '../lib/clock.ts';
import { importFile, type ImportedFile } from '../operations/import-files.ts';
import type { FlowStore } from '../store/flow-store.ts';
import { printJson, printTable, type OutputFormat } from './print.ts';

/** Imports files one after the other and prints what became of each. */
export async function importFiles(
  store: FlowStore,
  { files, output }: { readonly files: readonly string[]; readonly output: OutputFormat },
): Promise<void> {
  const clock = systemClock();
  const done: ImportedFile[] = [];
  for (const file of files) {
    const bar = progressBar(file);
    const imported = await importFile(store, {
      file,
      clock,
      signal: AbortSignal.any([]),
      progress: (read, total) => {
        bar?.setTotal(total);
        bar?.update(read);
      },
    });
    bar?.stop();
    if (output === 'json') printJson(imported);
    done.push(imported);
  }
  if (output === 'table') printImported(done);
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
