import { AppError } from '../core/errors.ts';
import { describeDamage, diagnose } from '../operations/doctor.ts';
import { printJson, printTable, type OutputFormat } from './print.ts';
import { withProgress } from './progress.ts';

/** Blocks that the last line names. */
const NAMED = 3;

/** Prints what was checked. Throws an AppError `store-damaged` that names the blocks when something is. */
export async function runDoctor({
  directory,
  quick,
  output,
}: {
  readonly directory: string;
  readonly quick: boolean;
  readonly output: OutputFormat;
}): Promise<void> {
  const diagnosis = await withProgress(directory, (progress) =>
    diagnose({ directory, quick, progress }),
  );
  const { findings, sound } = diagnosis;
  if (output === 'json') printJson(diagnosis);
  else {
    printTable(
      ['check', 'state', 'detail'],
      findings.map(({ check, state, detail }) => [check, state, detail]),
    );
  }
  if (sound) return;
  const blocks = findings.flatMap(({ damaged }) => damaged).map(describeDamage);
  const named = blocks.length > 0 ? blocks.slice(0, NAMED).join('; ') : 'see what is listed';
  throw new AppError(
    'store-damaged',
    `${directory}: ${named}. Restore a backup, or keep the file and start a new one.`,
  );
}
