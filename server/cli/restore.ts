import { restore } from '../operations/restore.ts';
import { printJson, printTable, type OutputFormat } from './print.ts';
import { withProgress } from './progress.ts';

/** Makes a store of a backup and prints what it holds. */
export async function runRestore({
  file,
  directory,
  output,
}: {
  readonly file: string;
  readonly directory: string;
  readonly output: OutputFormat;
}): Promise<void> {
  const restored = await withProgress(file, (progress) => restore({ file, directory, progress }));
  if (output === 'json') {
    printJson(restored);
    return;
  }
  const { flows, blocks, head, demo } = restored;
  printTable(
    ['store', 'flows', 'blocks', 'head', 'note'],
    [[restored.file, String(flows), String(blocks), String(head), demo ? 'of the demo' : '']],
  );
}
