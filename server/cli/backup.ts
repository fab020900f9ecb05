import { systemClock } from '../lib/clock.ts';
import { backUp } from '../operations/backup.ts';
import { printJson, printTable, type OutputFormat } from './print.ts';
import { withProgress } from './progress.ts';

/** Backs a store up and prints what the backup holds. */
export async function runBackup({
  directory,
  target,
  output,
}: {
  readonly directory: string;
  readonly target: string;
  readonly output: OutputFormat;
}): Promise<void> {
  const backup = await withProgress(target, (progress) =>
    backUp({ directory, target, clock: systemClock(), progress }),
  );
  if (output === 'json') {
    printJson(backup);
    return;
  }
  printTable(
    ['backup', 'bytes', 'flows', 'blocks', 'head', 'taken at'],
    [
      [
        backup.file,
        String(backup.bytes),
        String(backup.flows),
        String(backup.blocks),
        String(backup.head),
        backup.takenAt,
      ],
    ],
  );
}
