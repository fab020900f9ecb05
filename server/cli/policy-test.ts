import { readFile } from 'node:fs/promises';
import { AppError } from '../core/errors.ts';
import { readCaseFile, type CaseFile } from '../policy/cases/case-file.ts';
import { runCases, type CaseTotals, type Mismatch } from '../policy/cases/run-cases.ts';
import { DATAPLANES, DIALECTS } from '../policy/registry.ts';
import { escapeControls, printJson, printTable, writeOut, type OutputFormat } from './print.ts';

type FileTotals = CaseTotals & { readonly file: string };

/**
 * Runs the cases of some files and prints what differs. Throws an AppError `bad-file` where one is no case file, before
 * any is run, and `cases-differ` where an answer is not the expected one.
 */
export async function testPolicies(
  paths: readonly string[],
  { output }: { readonly output: OutputFormat },
): Promise<void> {
  const files: { readonly path: string; readonly file: CaseFile }[] = [];
  for (const path of paths) files.push({ path, file: await openCaseFile(path) });
  const parts = { dialects: Object.values(DIALECTS), dataplanes: DATAPLANES };
  const totals = files.map(({ path, file }) => ({ file: path, ...runCases(file, parts) }));
  const all = sumOf(totals);
  if (output === 'json') printJson(jsonOf(totals, all));
  else await printTotals(totals);
  const wrong = all.failed + all.undecided;
  if (wrong > 0)
    throw new AppError(
      'cases-differ',
      `${wrong} of ${all.passed + wrong} answers are not the expected ones`,
    );
}

async function openCaseFile(path: string): Promise<CaseFile> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    throw new AppError('bad-file', `${path}: ${why}`, { cause: error });
  });
  const read = readCaseFile(text);
  if (!read.ok) throw new AppError('bad-file', `${path}: ${read.why}`);
  return read.file;
}

const sumOf = (
  totals: readonly FileTotals[],
): Pick<CaseTotals, 'passed' | 'failed' | 'undecided'> => ({
  passed: totals.reduce((sum, { passed }) => sum + passed, 0),
  failed: totals.reduce((sum, { failed }) => sum + failed, 0),
  undecided: totals.reduce((sum, { undecided }) => sum + undecided, 0),
});

const jsonOf = (
  totals: readonly FileTotals[],
  all: Pick<CaseTotals, 'passed' | 'failed' | 'undecided'>,
): object => ({
  ...all,
  mismatches: totals.flatMap(({ file, mismatches }) =>
    mismatches.map((mismatch) => ({ file, ...mismatch })),
  ),
  files: totals.map(({ file, passed, failed, undecided }) => ({
    file,
    passed,
    failed,
    undecided,
  })),
});

async function printTotals(totals: readonly FileTotals[]): Promise<void> {
  for (const { mismatches } of totals)
    for (const mismatch of mismatches) await writeOut(mismatchText(mismatch));
  printTable(
    ['file', 'passed', 'failed', 'undecided'],
    totals.map(({ file, passed, failed, undecided }) => [
      file,
      String(passed),
      String(failed),
      String(undecided),
    ]),
  );
}

function mismatchText(mismatch: Mismatch): string {
  const { case: id, probe, connection, title, expected, actual, ends, notes } = mismatch;
  const lines = [
    `${id}#${probe}: ${connection}${title === '' ? '' : ` (${title})`}`,
    `  - expected  ${expected}`,
    `  + got       ${actual}`,
    ...ends.map((end) => `    ${end}`),
    ...notes.map((note) => `    note: ${note}`),
  ];
  return `${lines.map(escapeControls).join('\n')}\n\n`;
}
